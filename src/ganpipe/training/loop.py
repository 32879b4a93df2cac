"""The training loop: one step without I/O, and the loop around it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList

from ganpipe.data.loading.batches import Batch, DataSource
from ganpipe.methods.method import Loss, context_of
from ganpipe.optim.ema import update_average
from ganpipe.optim.schedule import set_learning_rate
from ganpipe.runtime.seeding import derive
from ganpipe.training.config import TrainConfig
from ganpipe.training.state import State


def train_step(state: State, batches: DataSource, config: TrainConfig) -> dict[str, Tensor]:
    """Play the turns of one step and move the averages; returns what the losses logged, detached
    scalars: the mean over the turns that logged a name.

    Every draw is seeded by the run's seed, its purpose and the update's number, so the state after
    a step is a function of the state before it and nothing else.
    """
    method, device, seed = state.method, batches.device, batches.seed
    progress = state.step / total_steps(state, batches, config)
    for player, optimizer in state.optimizers.items():
        set_learning_rate(optimizer, state.settings[player], progress)
    torch.manual_seed(derive(seed, "layers", state.step))  # dropout draws from the global stream
    logged: dict[str, list[Tensor]] = defaultdict(list)
    shared: dict[str, Any] = {}
    batch: Batch | None = None
    taken = method.batches_before(state.step)
    for turn in method.turns(state.step):
        if state.step % turn.every:
            continue
        if turn.new_batch:
            batch = batches.at(taken)
            taken += 1
        if batch is None:
            raise ValueError("the first turn of a step must take a new batch")
        context = context_of(
            batch,
            turn=turn,
            seed=seed,
            device=device,
            step=state.step,
            update=taken - 1,
            progress=progress,
            optimizers=state.optimizers,
            shared=shared,
        )
        with frozen(method.players, besides={turn.player, *turn.records}):
            with autocast(config, device):
                loss = turn.loss(context)
            _descend(state.optimizers[turn.player], loss)
        if turn.after is not None:
            turn.after(context, loss)
        for name, value in loss.parts.items():
            logged[name].append(value)
    state.step += 1
    for name, sampler in method.samplers().items():
        update_average(
            state.averages[name],
            sampler,
            step=state.step,
            decay=config.ema_decay,
            ramp=config.ema_ramp,
        )
    return {name: _mean(values) for name, values in logged.items()}


def train(
    state: State,
    batches: DataSource,
    config: TrainConfig,
    after_step: Callable[[State, dict[str, Tensor]], None],
) -> None:
    """Step until the data were passed ``config.epochs`` times; ``after_step`` does all logging and
    saving."""
    for _ in range(state.step, total_steps(state, batches, config)):
        after_step(state, train_step(state, batches, config))


def total_steps(state: State, batches: DataSource, config: TrainConfig) -> int:
    """Steps in the whole run: as many as the budget of batches gives."""
    budget = config.epochs * batches.per_epoch
    steps = bisect_right(range(budget + 1), budget, key=state.method.batches_before) - 1
    return max(1, steps)


def autocast(config: TrainConfig, device: torch.device) -> torch.autocast:
    """The arithmetic of ``config.precision``; entered anew for every forward pass, since it caches
    the weights it converts and an update makes those stale."""
    return torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16")


def _descend(optimizer: torch.optim.Optimizer, loss: Loss) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.total.backward()
    optimizer.step()


def _mean(values: list[Tensor]) -> Tensor:
    return values[0] if len(values) == 1 else torch.stack(values).mean()


@contextmanager
def frozen(players: nn.ModuleDict, besides: Collection[str]) -> Iterator[None]:
    """Keep the weights of all players but those ``besides`` from gradients, and from power
    iterations of spectral norm, which would move its estimates."""
    networks = [player for name, player in players.items() if name not in besides]
    modules = [module for network in networks for module in network.modules()]
    constraints = [each for each in modules if isinstance(each, ParametrizationList)]
    for network in networks:
        network.requires_grad_(False)
    for constraint in constraints:
        constraint.eval()
    try:
        yield
    finally:
        for network in networks:
            network.requires_grad_(True)
        for constraint in constraints:
            constraint.train()
