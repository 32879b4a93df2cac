"""The relativistic pairing loss of Jolicoeur-Martineau 2018 (arXiv:1807.00734), in the form of
Huang et al. 2024 (R3GAN, arXiv:2501.05441), eq. 2; real and generated images are paired."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from ganpipe.objectives.loss import AdversarialLoss


def discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """softplus(-(D(x) - D(G(z))))."""
    return softplus(fake - real).mean()


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """softplus(-(D(G(z)) - D(x))): the same pairs with the sides exchanged."""
    return softplus(real - fake).mean()


LOSS = AdversarialLoss(discriminator, generator, sign_tells=False, generator_sees_real=True)
