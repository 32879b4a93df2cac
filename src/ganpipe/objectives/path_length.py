"""Path lengths of style generators (Karras et al. 2020, arXiv:1912.04958)."""

from __future__ import annotations

import torch
from torch import Tensor


def path_lengths(images: Tensor, styles: Tensor, rng: torch.Generator) -> Tensor:
    """(N,) lengths |Jᵀy| of the images' change by the styles, with a graph of their own.

    ``images`` are (N, C, H, W), with their graph back to ``styles`` (N, layers, dim); y is one draw
    of N(0, 1) / sqrt(HW) for each image. Section 3.2; as in the authors' program the squares are
    summed over the dimensions of a style and averaged over the layers.
    """
    height, width = images.shape[2:]
    noise = torch.empty_like(images).normal_(generator=rng) / (height * width) ** 0.5
    (gradients,) = torch.autograd.grad((images * noise).sum(), styles, create_graph=True)
    return gradients.square().sum(2).mean(1).sqrt()
