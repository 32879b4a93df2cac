"""The training loop: one step without I/O, and the loop around it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList

from ganpipe.data.loading.batches import Batches
from ganpipe.methods.method import Loss, Moment
from ganpipe.optim.ema import update_average
from ganpipe.runtime.seeding import derive, make_rng
from ganpipe.training.config import TrainConfig
from ganpipe.training.state import State, set_learning_rates


def train_step(state: State, batches: Batches, config: TrainConfig) -> dict[str, Tensor]:
    """The discriminator updates that are due, each on its own real batch, and one generator update
    that reuses the last generated images; returns what the losses logged, as detached scalars: the
    mean over the discriminator's updates.

    Every draw is seeded by the run's seed, its purpose and the update's number, so the state after
    a step is a function of the state before it and nothing else.
    """
    method, device, seed = state.method, batches.device, batches.seed
    progress = state.step / total_steps(state, batches, config)
    set_learning_rates(state, progress)
    torch.manual_seed(derive(seed, "layers", state.step))  # dropout draws from the global stream
    played: list[dict[str, Tensor]] = []
    for update in range(method.updates_before(state.step), method.updates_before(state.step + 1)):
        batch = batches.at(update)
        moment = Moment(state.step, update, progress, state.optimizers["discriminator"])
        with autocast(config, device):
            fakes = method.generate(batch, make_rng(device, seed, "latent", update))
            rng = make_rng(device, seed, "d_loss", update)
            d_loss = method.d_loss(batch, fakes, rng, moment)
        _descend(state.optimizers["discriminator"], d_loss)
        method.after_d_step()
        played.append(d_loss.parts)
    with frozen(method.d_nets):
        with autocast(config, device):
            rng = make_rng(device, seed, "g_loss", state.step)
            g_loss = method.g_loss(batch, fakes, rng, moment)
        _descend(state.optimizers["generator"], g_loss)
    state.step += 1
    update_average(state.average, method.generator(), state.step, config)
    return _mean(played) | g_loss.parts


def train(
    state: State,
    batches: Batches,
    config: TrainConfig,
    after_step: Callable[[State, dict[str, Tensor]], None],
) -> None:
    """Step until the discriminator has seen the data ``config.epochs`` times; ``after_step`` does
    all logging and saving."""
    for _ in range(state.step, total_steps(state, batches, config)):
        after_step(state, train_step(state, batches, config))


def total_steps(state: State, batches: Batches, config: TrainConfig) -> int:
    """Generator updates in the whole run: as many as the budget of discriminator updates gives."""
    budget = config.epochs * batches.per_epoch
    steps = bisect_right(range(budget + 1), budget, key=state.method.updates_before) - 1
    return max(1, steps)


def autocast(config: TrainConfig, device: torch.device) -> torch.autocast:
    """The arithmetic of ``config.precision``; entered anew for every forward pass, since it caches
    the weights it converts and an update makes those stale."""
    return torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16")


def _descend(optimizer: torch.optim.Optimizer, loss: Loss) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.total.backward()
    optimizer.step()


def _mean(played: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    if len(played) == 1:
        return played[0]
    return {name: torch.stack([parts[name] for parts in played]).mean() for name in played[0]}


@contextmanager
def frozen(networks: nn.Module) -> Iterator[None]:
    """No gradients for these weights, since the generator's update needs them only for its own,
    and no power iteration of spectral norm, which would move its estimates."""
    constraints = [m for m in networks.modules() if isinstance(m, ParametrizationList)]
    networks.requires_grad_(False)
    for constraint in constraints:
        constraint.eval()
    try:
        yield
    finally:
        networks.requires_grad_(True)
        for constraint in constraints:
            constraint.train()
