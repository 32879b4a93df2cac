"""Bright strokes that are wider."""

from __future__ import annotations

import numpy as np

from ganpipe.data.source.pixels import neighbours

DRAWN = False  # an image has one source


def channels(given: int) -> int:
    """As many as the images have."""
    return given


def translate(images: np.ndarray, rng: np.random.Generator, *, pixels: int) -> np.ndarray:
    """uint8 (N, C, h, w) -> the same shape: each pixel is the brightest of those that are at most
    ``pixels`` rows and columns away."""
    rows = neighbours(images, pixels)
    return np.maximum.reduce([near for row in rows for near in row])
