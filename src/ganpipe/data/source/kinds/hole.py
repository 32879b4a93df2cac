"""A grey square somewhere in the image."""

from __future__ import annotations

import numpy as np

from ganpipe.core.errors import GanpipeError

FILL = 128  # grey, so that a hole in black or white is seen
DRAWN = True  # one of many possible sources of an image


def channels(given: int) -> int:
    """As many as the images have."""
    return given


def translate(images: np.ndarray, rng: np.random.Generator, *, size: int) -> np.ndarray:
    """uint8 (N, C, h, w) -> the same shape, a square of ``size`` pixels a side filled with grey at
    a place drawn for each image.

    Raises GanpipeError where the square is not smaller than the image.
    """
    count, _, height, width = images.shape
    if size >= min(height, width):
        raise GanpipeError(
            f"source.size {size} leaves nothing of images of {width} x {height} pixels; lower it"
        )
    top = rng.integers(0, height - size, count, endpoint=True)
    left = rng.integers(0, width - size, count, endpoint=True)
    holed = images.copy()
    for image, y, x in zip(holed, top, left, strict=True):
        image[:, y : y + size, x : x + size] = FILL
    return holed
