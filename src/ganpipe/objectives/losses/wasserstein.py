"""The Wasserstein loss of Arjovsky et al. 2017 (arXiv:1701.07875)."""

from __future__ import annotations

from torch import Tensor

from ganpipe.objectives.logits import negative_score
from ganpipe.objectives.loss import AdversarialLoss


def discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """f(G(z)) - f(x): eq. 2, negated."""
    return fake.mean() - real.mean()


LOSS = AdversarialLoss(discriminator, negative_score, sign_tells=False, zero_sum=True)
