"""R1 of Mescheder et al. 2018 (arXiv:1801.04406)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.objectives.gradients import Critic, squared_gradient_norms


def penalty(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """|∇D(x)|² / 2 at real images: eq. 9; the weight is the paper's gamma, which programs that
    leave out the half write as gamma / 2."""
    return squared_gradient_norms(critic, real).mean() / 2
