"""The protocol of a game: what the training loop, sampling and export know of a method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganpipe.data.loading.batches import Batch
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.sampler import Sampler


class Loss(NamedTuple):
    """``total`` is backpropagated; ``parts`` are detached scalars to be logged by their names."""

    total: Tensor
    parts: dict[str, Tensor]

    @classmethod
    def of(cls, total: Tensor, parts: Mapping[str, Tensor]) -> Loss:
        """The loss ``total``, and ``parts`` without their graphs."""
        return cls(total, {name: value.detach() for name, value in parts.items()})


@dataclass(kw_only=True)
class Context:
    """Everything besides the weights that a turn may depend on."""

    batch: Batch
    rng: torch.Generator  # of this turn, on the method's device
    step: int  # training steps before this one
    update: int  # number of the batch, counted from 0 over the run
    progress: float  # share of the run's steps done so far, in [0, 1)
    optimizers: Mapping[str, Optimizer]  # by player
    stream: Callable[[str], torch.Generator]  # a stream of another purpose for the same turn
    shared: dict[str, Any] = field(default_factory=dict)  # among the turns of one step


@dataclass(frozen=True)
class Turn:
    """One update of one player."""

    player: str  # a key of `players`: only its weights move
    loss: Callable[[Context], Loss]
    _: KW_ONLY
    purpose: str  # of the turn's random stream
    new_batch: bool = False  # takes the run's next batch; otherwise that of the turn before
    every: int = 1  # played at steps that are multiples of it only (lazy regularisation)
    extra: bool = False  # an addition to the player's other turns, for which Adam is corrected
    records: tuple[str, ...] = ()  # players whose forward pass a later turn backpropagates through
    after: Callable[[Context, Loss], None] | None = None  # clip weights, adapt, fill a pool


class Method(nn.Module, ABC):
    """Players that move in turns.

    In each step the turns are played in order. The random stream of a turn is numbered by the batch
    if the turn takes a new one, and by the step otherwise. While a turn is played, all players are
    frozen except its own and those that it records. State other than weights that lasts from step
    to step (a running mean, an image pool) must be a buffer of the method, so that checkpoints
    hold it.
    """

    players: nn.ModuleDict  # any number, any names; one optimizer each
    logged: Sequence[str]  # names of Loss.parts in the order of train.csv's columns

    @abstractmethod
    def turns(self, step: int) -> Sequence[Turn]:
        """The turns of step number ``step`` (from 0), the first of which takes a new batch."""

    @abstractmethod
    def batches_before(self, step: int) -> int:
        """Batches taken in the first ``step`` steps, in closed form."""

    def fewer_batches(self) -> Sequence[str]:
        """Changes of the configuration, as advice, by each of which a step takes fewer batches."""
        return ()

    @abstractmethod
    def samplers(self) -> dict[str, Sampler]:
        """The samplers that are averaged, saved, drawn from, evaluated and exported, by name.

        The name is ``""`` where there is one; ``a_to_b`` and ``b_to_a`` for two directions. Their
        networks are those of the players, not copies.
        """


def streams(device: torch.device, seed: int, index: int) -> Callable[[str], torch.Generator]:
    """Random streams by purpose, each made anew from ``seed``, the purpose and ``index``."""
    return lambda purpose: make_rng(device, seed, purpose, index)
