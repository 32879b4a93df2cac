"""Numbers of discriminator updates before and in each training step."""

from __future__ import annotations

from ganpipe.methods.config import ScheduleConfig

WARMUP_UPDATES = 100  # of the discriminator in a step of the warm-up
WARMUP_STEPS = 25  # the first steps, which belong to the warm-up
WARMUP_EVERY = 500  # steps that are multiples of this belong to it as well


def updates_before(step: int, n_critic: int, warmup: bool) -> int:
    """Discriminator updates in the first ``step`` training steps.

    The warm-up is that of Arjovsky et al.'s program (2017): it brings the critic near its optimum
    before the generator starts, and again from time to time.
    """
    updates = step * n_critic
    if warmup:
        late = max(0, step - 1) // WARMUP_EVERY  # multiples in [WARMUP_STEPS, step)
        updates += (min(step, WARMUP_STEPS) + late) * (WARMUP_UPDATES - n_critic)
    return updates


def updates_in(step: int, n_critic: int, warmup: bool) -> int:
    """Discriminator updates in step number ``step`` (from 0)."""
    after, before = (updates_before(k, n_critic, warmup) for k in (step + 1, step))
    return after - before


def fewer_batches(schedule: ScheduleConfig, *, takes_real: bool) -> list[str]:
    """Changes of ``schedule`` by each of which a step takes fewer batches; ``takes_real``: the
    generator's update takes one.

    Lowering ``n_critic`` is none under a warm-up, whose steps come first and have more updates.
    """
    changes: list[str] = []
    if schedule.critic_warmup:
        changes.append("set the model's schedule.critic_warmup to false")
    elif schedule.n_critic > 1:
        changes.append("lower the model's schedule.n_critic")
    if takes_real:
        changes.append("set the model's schedule.new_images to false")
    return changes
