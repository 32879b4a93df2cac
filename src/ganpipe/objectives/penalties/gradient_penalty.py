"""The gradient penalty of WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.objectives.gradients import Critic, gradient_norms, one_per_image


def penalty(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """(|∇D(x̂)| - 1)² at x̂ = εx + (1 - ε)G(z), one ε of U[0, 1] for each image: eq. 3, weight
    10."""
    epsilon = one_per_image(real, rng)
    norms = gradient_norms(critic, epsilon * real + (1 - epsilon) * fake)
    return (norms - 1).square().mean()
