"""Compute what several losses share, from (N,) float32 logits."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus


def cross_entropy_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))): Goodfellow et al. 2014, eq. 1, negated."""
    return softplus(-real).mean() + softplus(fake).mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-t log D - (1 - t) log(1 - D) for labels t in [0, 1], where D = sigmoid(logits)."""
    return softplus(logits) - labels * logits


def negative_score(real: Tensor, fake: Tensor) -> Tensor:
    """-f(G(z)): the generator of Arjovsky et al. 2017, eq. 4, and of the hinge loss."""
    return -fake.mean()
