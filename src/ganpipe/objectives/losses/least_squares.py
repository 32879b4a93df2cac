"""The least-squares loss of Mao et al. 2017 (arXiv:1611.04076), with labels 0 and 1."""

from __future__ import annotations

from torch import Tensor

from ganpipe.objectives.loss import AdversarialLoss


def discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """(D(x) - 1)² / 2 + D(G(z))² / 2: eq. 9."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def squared_error(logits: Tensor, labels: Tensor) -> Tensor:
    """(D - t)² / 2 for labels t: a term of eq. 2."""
    return (logits - labels).square() / 2


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """(D(G(z)) - 1)² / 2: eq. 9."""
    return (fake - 1).square().mean() / 2


LOSS = AdversarialLoss(discriminator, generator, sign_tells=False, against=squared_error)
