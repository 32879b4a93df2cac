"""What the training loop, sampling and export know of a method, and nothing more."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from ganpipe.types import Batch, Loss


class Method(nn.Module, ABC):
    """Two sides that play against each other, each with however many networks it needs.

    One training step is ``n_critic`` times (generate, d_loss, update of ``d_nets``,
    after_d_step), then once (g_loss on the last generated images, update of ``g_nets``). The
    randomness of each call comes from the generator handed to it, on the method's device.
    """

    n_critic: int
    g_nets: nn.ModuleDict
    d_nets: nn.ModuleDict

    @abstractmethod
    def generate(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        """The generator's forward pass, with its graph, shared by both updates."""

    @abstractmethod
    def d_loss(self, batch: Batch, fakes: dict[str, Tensor], rng: torch.Generator) -> Loss:
        """The discriminator's loss on a real batch and detached ``fakes``."""

    @abstractmethod
    def g_loss(self, batch: Batch, fakes: dict[str, Tensor], rng: torch.Generator) -> Loss:
        """The generator's loss; gradients flow through ``fakes``. ``d_nets`` are frozen."""

    def after_d_step(self) -> None:
        """A constraint on the weights, such as clipping; called after each update of d_nets."""

    @abstractmethod
    def generator(self) -> nn.Module:
        """The network that the moving average, sampling, evaluation and export see."""

    @abstractmethod
    def inputs(self, n: int, rng: torch.Generator) -> dict[str, Tensor]:
        """``n`` random inputs of :meth:`generator` by the names of its ``forward``."""
