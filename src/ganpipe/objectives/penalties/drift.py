"""The penalty on drift of ProGAN (Karras et al. 2018, arXiv:1710.10196)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.objectives.gradients import Critic

BOUNDS_GRADIENT = False


def penalty(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """D(x)² at real images: appendix A.1, weight 0.001. It keeps the logits near 0, where the
    Wasserstein loss says nothing of their level."""
    return critic(real).square().mean()
