"""Instance noise and DiffAugment, which stand between the images and the discriminator.

Both act on real and generated images alike, in the updates of both sides, and are differentiable
in the images, (N, C, H, W) float in [-1, 1] before and of any range after.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def instance_noise(images: Tensor, deviation: float, rng: torch.Generator) -> Tensor:
    """Add N(0, deviation²) to every pixel: Sønderby et al. 2017 (arXiv:1610.04490), section 3."""
    noise = torch.empty_like(images).normal_(0.0, deviation, generator=rng)
    return images + noise


def diff_augment(images: Tensor, kinds: Sequence[str], rng: torch.Generator) -> Tensor:
    """DiffAugment of the given ``kinds``: Zhao et al. 2020 (arXiv:2006.10738), with the ranges of
    its appendix; the kinds act in the order colour, translation, cutout, whatever is listed first.

    Pixels that leave the picture or are cut out become 0, the middle grey.
    """
    if "color" in kinds:
        images = _random_colour(images, rng)
    if "translation" in kinds:
        reach = (images.shape[2] + 4) // 8, (images.shape[3] + 4) // 8  # an eighth, halves up
        down, right = (_integers(len(images), -most, most, like=images, rng=rng) for most in reach)
        images = translate(images, down, right)
    if "cutout" in kinds:
        height, width = ((length + 1) // 2 for length in images.shape[2:])
        top, left = (
            _integers(
                len(images), -(side // 2), length - side // 2 - side % 2, like=images, rng=rng
            )
            for side, length in ((height, images.shape[2]), (width, images.shape[3]))
        )
        images = cut_out(images, top, left, height=height, width=width)
    return images


def recolour(images: Tensor, *, shift: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """Brightness, then saturation around each pixel's grey, then contrast around each image's mean;
    the three factors are (N, 1, 1, 1)."""
    images = images + shift
    grey = images.mean(1, keepdim=True)
    images = (images - grey) * saturation + grey
    mean = images.mean((1, 2, 3), keepdim=True)
    return (images - mean) * contrast + mean


def translate(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Each image moved by its own whole numbers of pixels, (N,) int64, zeros moving in."""
    count, channels, height, width = images.shape
    rows, columns = _places(images, down, right)
    source = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None]
    source = source.view(count, 1, -1).expand(-1, channels, -1)
    moved = images.flatten(2).gather(2, source).view(images.shape)
    return moved * _within(rows, columns, height=height, width=width)


def cut_out(images: Tensor, top: Tensor, left: Tensor, *, height: int, width: int) -> Tensor:
    """Zeros in a rectangle of each image whose corner, (N,) int64, may lie outside it."""
    rows, columns = _places(images, top, left)
    return images * ~_within(rows, columns, height=height, width=width)


def _places(images: Tensor, top: Tensor, left: Tensor) -> tuple[Tensor, Tensor]:
    """The rows (N, H) and columns (N, W) of every image, counted from its own corner."""
    rows = torch.arange(images.shape[2], device=images.device) - top[:, None]
    columns = torch.arange(images.shape[3], device=images.device) - left[:, None]
    return rows, columns


def _within(rows: Tensor, columns: Tensor, *, height: int, width: int) -> Tensor:
    """(N, 1, H, W) bool: which pixels lie in the rectangle from 0, 0 to height, width."""
    vertical = (rows >= 0) & (rows < height)
    horizontal = (columns >= 0) & (columns < width)
    return (vertical[:, :, None] & horizontal[:, None])[:, None]


def _random_colour(images: Tensor, rng: torch.Generator) -> Tensor:
    """Brightness by U(-0.5, 0.5), saturation by U(0, 2), contrast by U(0.5, 1.5)."""
    shape = (3, len(images), 1, 1, 1)
    shift, saturation, contrast = torch.empty(shape, device=images.device).uniform_(generator=rng)
    return recolour(images, shift=shift - 0.5, saturation=saturation * 2, contrast=contrast + 0.5)


def _integers(count: int, low: int, high: int, *, like: Tensor, rng: torch.Generator) -> Tensor:
    """(count,) int64 of low..high, both included."""
    return torch.randint(low, high + 1, (count,), device=like.device, generator=rng)
