"""The updates that a budget of epochs gives."""

from __future__ import annotations

import logging

from ganpipe.core.errors import GanpipeError
from ganpipe.methods.method import Method

log = logging.getLogger(__name__)

LEAST_STEPS = 3  # a run of fewer steps trains nothing
FEW_STEPS = 100  # a run of fewer steps is warned about


def check_budget(
    method: Method, *, epochs: int, per_epoch: int, total: int, model_name: str
) -> None:
    """Log the updates of each player in ``total`` steps, which are what ``epochs`` of ``per_epoch``
    batches give.

    Raises GanpipeError where there are too few of them to train anything.
    """
    if total < LEAST_STEPS:
        enough = -(-method.batches_before(LEAST_STEPS) // per_epoch)
        advice = [f"set train.epochs to {enough} at the very least", "lower train.batch_size"]
        advice += method.fewer_batches()
        raise GanpipeError(
            f"train.epochs {epochs} is a budget of {epochs * per_epoch} batches, which gives the "
            f"model '{model_name}' {total} training step{'s' * (total != 1)}: too few to learn "
            f"anything; {', '.join(advice[:-1])}, or {advice[-1]}"
        )
    given = updates_of(method, total)
    said = " and ".join(f"{number:,} of the {player}" for player, number in given.items())
    log.info(f"updates in {epochs} epochs: {said}")
    if total < FEW_STEPS:
        log.warning(
            f"the budget gives only {total} training steps, and images take hundreds at least; "
            "raise train.epochs or lower train.batch_size"
        )


def updates_of(method: Method, steps: int) -> dict[str, int]:
    """Updates of each player in the first ``steps`` steps."""
    found = dict.fromkeys(method.players, 0)
    for step in range(steps):
        for turn in method.turns(step):
            found[turn.player] += step % turn.every == 0
    return found
