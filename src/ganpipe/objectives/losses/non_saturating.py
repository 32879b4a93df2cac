"""The non-saturating loss of Goodfellow et al. 2014, section 3."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from ganpipe.objectives.logits import cross_entropy, cross_entropy_discriminator
from ganpipe.objectives.loss import AdversarialLoss


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """-log D(G(z)), in place of eq. 1's log(1 - D(G(z)))."""
    return softplus(-fake).mean()


LOSS = AdversarialLoss(
    cross_entropy_discriminator,
    generator,
    sign_tells=True,
    probability=True,
    against=cross_entropy,
)
