"""What the training loop, sampling and export know of a method, and nothing more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganpipe.data.loading.batches import Batch

WARMUP_UPDATES = 100  # of the discriminator before a generator update of the warm-up
WARMUP_STEPS = 25  # the first generator updates are of the warm-up
WARMUP_EVERY = 500  # and so is every one whose number is a multiple of this


class Loss(NamedTuple):
    """``total`` is backpropagated; ``parts`` are detached scalars to be logged."""

    total: Tensor
    parts: dict[str, Tensor]


class Moment(NamedTuple):
    """When in a run an update happens; schedules are functions of it and carry nothing."""

    step: int  # generator updates before this one
    update: int  # discriminator updates before this one
    progress: float  # share of the run's generator updates that is done, in [0, 1)
    d_optimizer: Optimizer | None = None  # for games that look its updates ahead


class Method(nn.Module, ABC):
    """Two sides that play against each other, each with however many networks it needs.

    One training step is, ``n_critic`` times or as often as a warm-up asks for, generate, d_loss,
    update of ``d_nets`` and after_d_step; then, once, g_loss on the last generated images and
    update of ``g_nets``. The randomness of each call comes from the generator handed to it, on the
    method's device.
    """

    n_critic: int
    critic_warmup: bool = False
    classes: int = 0  # that the generator is told, as the input `label`; 0: it is not
    latent: str = "normal"  # law of the input `z`, or uniform
    g_nets: nn.ModuleDict
    d_nets: nn.ModuleDict

    @abstractmethod
    def generate(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        """The generator's forward pass, with its graph, shared by both updates."""

    @abstractmethod
    def d_loss(
        self, batch: Batch, fakes: dict[str, Tensor], rng: torch.Generator, moment: Moment
    ) -> Loss:
        """The discriminator's loss on a real batch and detached ``fakes``."""

    @abstractmethod
    def g_loss(
        self, batch: Batch, fakes: dict[str, Tensor], rng: torch.Generator, moment: Moment
    ) -> Loss:
        """The generator's loss; gradients flow through ``fakes``. ``d_nets`` are frozen."""

    def updates_before(self, step: int) -> int:
        """Discriminator updates in the first ``step`` training steps.

        The warm-up is that of Arjovsky et al.'s program (2017): a critic near its optimum when the
        generator starts, and again from time to time.
        """
        updates = step * self.n_critic
        if self.critic_warmup:
            late = max(0, step - 1) // WARMUP_EVERY  # multiples in [WARMUP_STEPS, step)
            updates += (min(step, WARMUP_STEPS) + late) * (WARMUP_UPDATES - self.n_critic)
        return updates

    def after_d_step(self) -> None:
        """A constraint on the weights, such as clipping; called after each update of d_nets."""

    @abstractmethod
    def generator(self) -> nn.Module:
        """The network that the moving average, sampling, evaluation and export see."""

    @abstractmethod
    def inputs(self, n: int, rng: torch.Generator) -> dict[str, Tensor]:
        """``n`` random inputs of :meth:`generator` by the names of its ``forward``; labels are as
        frequent as in the training data."""
