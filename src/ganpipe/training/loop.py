"""The training loop, and one step of it, which does no I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList

from ganpipe.data.loading.batches import Batch, DataSource
from ganpipe.methods.method import Context, Loss, Turn, streams
from ganpipe.optim.ema import scheduled_decay, update_average
from ganpipe.optim.schedule import set_rates
from ganpipe.runtime.seeding import derive
from ganpipe.training.config import TrainConfig
from ganpipe.training.slices import in_slices, mean, mean_loss, whole
from ganpipe.training.state import State


def train_step(state: State, batches: DataSource, config: TrainConfig) -> dict[str, Tensor]:
    """Play the turns of one step and update the averages.

    Returns what the losses logged as detached scalars, by name: means over the turns of the step.
    Every draw is seeded by the run's seed, its purpose, and the number of the batch or step, so the
    state after a step is a function of the state before it alone.
    """
    method, device, seed = state.method, batches.device, batches.seed
    progress = state.step / total_steps(state, batches, config)
    turns = method.turns(state.step)
    for player, optimizer in state.optimizers.items():
        set_rates(optimizer, state.settings[player], progress, correction_of(player, turns))
    torch.manual_seed(derive(seed, "layers", state.step))  # dropout draws from the global stream
    logged: dict[str, list[Tensor]] = defaultdict(list)
    shared: list[dict[str, Any]] = [{} for _ in range(config.accumulate)]  # slice by slice
    batch: Batch | None = None
    taken = method.batches_before(state.step)
    for turn in turns:
        if state.step % turn.every:
            continue
        if turn.new_batch:
            batch = batches.at(taken)
            taken += 1
        if batch is None:
            raise ValueError("the first turn of a step must take a new batch")
        stream = streams(device, seed, taken - 1 if turn.new_batch else state.step)
        context = Context(
            batch=batch,
            rng=stream(turn.purpose),
            step=state.step,
            update=taken - 1,
            progress=progress,
            optimizers=state.optimizers,
            stream=stream,
        )
        contexts = in_slices(context, turn.purpose, shared)
        with frozen(method.players, besides={turn.player, *turn.records}):
            loss = _play(turn, contexts, config)
        if turn.after is not None:
            turn.after(whole(contexts, batch), loss)
        for name, value in loss.parts.items():
            logged[name].append(value)
    state.step += 1
    for name, sampler in method.samplers().items():
        update_average(
            state.averages[name],
            sampler,
            step=state.step,
            decay=scheduled_decay(config.ema_decay, progress),
            ramp=config.ema_ramp,
        )
    return {name: mean(values) for name, values in logged.items()}


def train(
    state: State,
    batches: DataSource,
    config: TrainConfig,
    after_step: Callable[[State, dict[str, Tensor]], None],
) -> None:
    """Train for ``config.epochs`` passes over the data; ``after_step`` logs and saves."""
    for _ in range(state.step, total_steps(state, batches, config)):
        after_step(state, train_step(state, batches, config))


def total_steps(state: State, batches: DataSource, config: TrainConfig) -> int:
    """Steps in the whole run: the most that fit into the budget of batches, but at least one."""
    budget = config.epochs * batches.per_epoch
    steps = bisect_right(range(budget + 1), budget, key=state.method.batches_before) - 1
    return max(1, steps)


def correction_of(player: str, turns: Sequence[Turn]) -> float:
    """The share of the updates of ``player`` that are not extra, where ``turns`` are those of a
    step; see :func:`ganpipe.optim.schedule.rates_at`.

    With one turn in every step and an extra one in every k-th it is k / (k + 1), as in Karras et
    al. 2020 (arXiv:1912.04958, appendix B), and 1 / 2 where k is 1. Several extra turns add up: n
    turns in every step and extra ones in every k_i-th give n / (n + sum of 1 / k_i). It is 1 of a
    player whose turns are all extra, since none of its updates is an addition to others.
    """
    mine = [turn for turn in turns if turn.player == player]
    main = sum(1 / turn.every for turn in mine if not turn.extra)
    return main / sum(1 / turn.every for turn in mine) if main else 1.0


def autocast(config: TrainConfig, device: torch.device) -> torch.autocast:
    """The context of ``config.precision``, to be entered anew for each forward pass: it caches
    converted weights, which an update makes stale."""
    return torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16")


def _play(turn: Turn, contexts: Sequence[Context], config: TrainConfig) -> Loss:
    """Update the turn's player once by its mean loss over ``contexts``, which is returned.

    The graph of a loss is freed before the next is computed, except what a turn shares with later
    ones.
    """
    first = contexts[0]
    optimizer, device = first.optimizers[turn.player], first.batch.real.device
    optimizer.zero_grad(set_to_none=True)
    losses: list[Loss] = []
    for context in contexts:
        with autocast(config, device):
            loss = turn.loss(context)
        (loss.total / len(contexts)).backward()
        losses.append(loss._replace(total=loss.total.detach()))
    optimizer.step()
    return mean_loss(losses)


@contextmanager
def frozen(players: nn.ModuleDict, besides: Collection[str]) -> Iterator[None]:
    """Freeze all players but those ``besides``: their weights get no gradients, and their spectral
    norms make no power iterations."""
    networks = [player for name, player in players.items() if name not in besides]
    modules = [module for network in networks for module in network.modules()]
    constraints = [each for each in modules if isinstance(each, ParametrizationList)]
    weights = [w for network in networks for w in network.parameters() if w.requires_grad]
    for weight in weights:
        weight.requires_grad_(False)
    for constraint in constraints:
        constraint.eval()
    try:
        yield
    finally:
        for weight in weights:
            weight.requires_grad_(True)
        for constraint in constraints:
            constraint.train()
