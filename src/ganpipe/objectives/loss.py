"""Describe an adversarial loss: two functions of logits, and what else a method must know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

from torch import Tensor


@dataclass(frozen=True)
class AdversarialLoss:
    """The two sides of one game.

    ``real`` and ``fake`` are (N,) float32 discriminator outputs before any sigmoid, for real and
    for generated images. Every function returns a scalar to be minimised.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]  # (real, fake) -> scalar
    generator: Callable[[Tensor, Tensor], Tensor]  # (real, fake) -> scalar
    _: KW_ONLY
    # Whether the sign of the output tells real images, above 0, from generated ones. It does not
    # where a constant added to every output changes nothing, nor where labels are 0 and 1.
    sign_tells: bool
    probability: bool = False  # whether sigmoid(output) is the discriminator's D(x)
    # (logits, labels) -> (N,): the discriminator's loss against any labels; None: it has no labels
    against: Callable[[Tensor, Tensor], Tensor] | None = None
    generator_sees_real: bool = False  # whether the generator needs ``real``, else empty there
    zero_sum: bool = False  # what the generator minimises is minus what the discriminator does
