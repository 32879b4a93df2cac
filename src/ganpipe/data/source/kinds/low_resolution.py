"""Large pixels, each the mean of those that it covers."""

from __future__ import annotations

import numpy as np

from ganpipe.core.errors import GanpipeError

DRAWN = False  # an image has one source


def channels(given: int) -> int:
    """As many as the images have."""
    return given


def translate(images: np.ndarray, rng: np.random.Generator, *, factor: int) -> np.ndarray:
    """uint8 (N, C, h, w) -> the same shape: every square of ``factor`` pixels a side is its mean,
    rounded to the nearest value.

    Raises GanpipeError where ``factor`` does not divide the sides.
    """
    count, depth, height, width = images.shape
    if height % factor or width % factor:
        raise GanpipeError(
            f"source.factor {factor} does not divide the images' {width} x {height} pixels; set it "
            "to one that does, such as 2 or 4"
        )
    squares = images.reshape(count, depth, height // factor, factor, width // factor, factor)
    means = np.rint(squares.mean((3, 5), keepdims=True)).astype(np.uint8)
    return np.broadcast_to(means, squares.shape).reshape(images.shape)
