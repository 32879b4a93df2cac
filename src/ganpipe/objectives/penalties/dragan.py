"""The penalty of DRAGAN (Kodali et al. 2017, arXiv:1705.07215)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.objectives.gradients import Critic, gradient_norms, one_per_image


def penalty(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """(|∇D(x + δ)| - 1)² around real images: section 2.4, weight 10.

    The paper draws δ from N(0, cI); this is the authors' program, δ = α σ(x) u / 2 with one α of
    U[0, 1] for each image, u of U[0, 1] for each pixel and σ(x) the deviation of the whole batch,
    so that no constant depends on the data's scale.
    """
    noise = real.new_empty(real.shape).uniform_(generator=rng)
    delta = one_per_image(real, rng) * real.std(correction=0) / 2 * noise
    return (gradient_norms(critic, real + delta) - 1).square().mean()
