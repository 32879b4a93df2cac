"""The hinge loss of Lim & Ye 2017 (arXiv:1705.02894), as in Miyato et al. 2018
(arXiv:1802.05957)."""

from __future__ import annotations

from torch import Tensor

from ganpipe.objectives.logits import negative_score
from ganpipe.objectives.loss import AdversarialLoss


def discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))): Miyato et al. 2018, eq. 16."""
    return (1 - real).relu().mean() + (1 + fake).relu().mean()


LOSS = AdversarialLoss(discriminator, negative_score, sign_tells=True)
