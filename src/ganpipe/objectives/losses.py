"""Adversarial losses: pure functions on logits, averaged over the batch.

``real`` and ``fake`` are (N,) float32 discriminator outputs before any sigmoid, for real and for
generated images. Every function returns a scalar to be minimised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import softplus


class AdversarialLoss(NamedTuple):
    """The two sides of one game."""

    discriminator: Callable[[Tensor, Tensor], Tensor]  # (real, fake) -> scalar
    generator: Callable[[Tensor], Tensor]  # fake -> scalar
    probability: bool  # whether sigmoid(output) is the discriminator's D(x)


def cross_entropy_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))): Goodfellow et al. 2014, eq. 1, negated."""
    return softplus(-real).mean() + softplus(fake).mean()


def non_saturating_generator(fake: Tensor) -> Tensor:
    """-log D(G(z)): Goodfellow et al. 2014, section 3, in place of eq. 1's log(1 - D(G(z)))."""
    return softplus(-fake).mean()


LOSSES: dict[str, AdversarialLoss] = {
    "non_saturating": AdversarialLoss(
        cross_entropy_discriminator, non_saturating_generator, probability=True
    ),
}
