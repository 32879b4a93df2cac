"""Flips and quarter turns, which move pixels and change none."""

from __future__ import annotations

import torch
from torch import Tensor


def reorient(images: Tensor, flipped: Tensor, quarters: Tensor) -> Tensor:
    """(N, C, S, S) images, mirrored left to right where ``flipped``, (N,) bool, then turned
    counterclockwise by ``quarters``, (N,) int64 in 0..3, of a full turn."""
    flipped, quarters = (each.view(-1, 1, 1, 1) for each in (flipped, quarters))
    images = torch.where(flipped, images.flip(3), images)
    images = torch.where(quarters >= 2, images.flip((2, 3)), images)
    return torch.where(quarters % 2 == 1, images.rot90(1, (2, 3)), images)
