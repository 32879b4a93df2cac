"""Grids of images, as PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from ganpipe.storage.files import atomic_path

GAP = 2  # pixels between the images of a grid


def tile(images: Tensor, columns: int) -> np.ndarray:
    """uint8 (N, C, h, w) -> one uint8 (H, W, C) picture, ``columns`` images a row, on white."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    step_y, step_x = height + GAP, width + GAP
    shape = (rows * step_y + GAP, columns * step_x + GAP, channels)
    canvas = np.full(shape, 255, dtype=np.uint8)
    for index, image in enumerate(images.permute(0, 2, 3, 1).numpy()):
        y, x = (index // columns) * step_y + GAP, (index % columns) * step_x + GAP
        canvas[y : y + height, x : x + width] = image
    return canvas


def save_grid(path: Path, images: Tensor, columns: int) -> None:
    """Write :func:`tile`'s picture as a PNG, atomically."""
    with atomic_path(path) as temporary:
        as_picture(tile(images, columns)).save(temporary, format="PNG")


def as_picture(pixels: np.ndarray) -> Image.Image:
    """A uint8 (H, W, 1 or 3) array as a Pillow image."""
    return Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
