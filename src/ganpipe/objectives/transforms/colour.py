"""Linear maps of colours that keep the grey axis, the line of equal red, green and blue."""

from __future__ import annotations

import math

import torch
from torch import Tensor

THIRD = 1 / 3
ROOT = 1 / math.sqrt(3)


def colour_matrix(*, luma: Tensor, chroma: Tensor, hue: Tensor) -> Tensor:
    """(N, 3, 3) matrices of RGB that multiply the part on the grey axis by ``luma``, (N,), and turn
    the rest by the angle ``hue``, (N,) in radians, and multiply it by ``chroma``, (N,)."""
    grey = luma.new_full((3, 3), THIRD)
    rest = torch.eye(3, dtype=luma.dtype, device=luma.device) - grey
    across = luma.new_tensor([[0, -ROOT, ROOT], [ROOT, 0, -ROOT], [-ROOT, ROOT, 0]])
    along, cosine, sine = (
        factor.view(-1, 1, 1) for factor in (luma, chroma * hue.cos(), chroma * hue.sin())
    )
    return along * grey + cosine * rest + sine * across
