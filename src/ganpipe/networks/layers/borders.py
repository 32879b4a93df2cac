"""Borders of feature maps and images, from operations whose gradients are the same every time on
every device, which those of PyTorch's own reflection are not on CUDA."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Reflect(nn.Module):
    """(N, C, H, W) -> (N, C, H + 2p, W + 2p), mirrored at the outermost pixels; H and W > p."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.pixels = pixels

    def forward(self, x: Tensor) -> Tensor:
        for dim in (2, 3):
            size = x.shape[dim]
            first = x.narrow(dim, 1, self.pixels).flip(dim)
            last = x.narrow(dim, size - 1 - self.pixels, self.pixels).flip(dim)
            x = torch.cat([first, x, last], dim)
        return x


def extend(images: Tensor, multiple: int) -> Tensor:
    """(N, C, H, W) -> the same with sides that ``multiple`` divides, the outermost pixels repeated
    as evenly on both sides as possible; unchanged where they are divided already."""
    for dim in (2, 3):
        missing = -images.shape[dim] % multiple
        before, after = missing // 2, missing - missing // 2
        size = images.shape[dim]
        first = images.narrow(dim, 0, 1).repeat_interleave(before, dim)
        last = images.narrow(dim, size - 1, 1).repeat_interleave(after, dim)
        images = torch.cat([first, images, last], dim) if missing else images
    return images


def cut(images: Tensor, height: int, width: int) -> Tensor:
    """The inverse of :func:`extend` for images that were (N, C, height, width): a view."""
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return images[:, :, top : top + height, left : left + width]
