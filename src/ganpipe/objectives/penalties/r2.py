"""R2 of Mescheder et al. 2018 (arXiv:1801.04406)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.objectives.gradients import Critic, squared_gradient_norms


def penalty(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """|∇D(G(z))|² / 2 at generated images: eq. 10; the weight is the paper's gamma."""
    return squared_gradient_norms(critic, fake).mean() / 2
