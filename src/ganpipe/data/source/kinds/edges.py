"""Edges: where the gradient of the brightness is steep."""

from __future__ import annotations

import numpy as np

from ganpipe.data.source.pixels import luma, neighbours

STEEPEST = 4 * 255.0  # of either of Sobel's filters, at a straight edge from black to white
DRAWN = False  # an image has one source


def channels(given: int) -> int:
    """1: black and white."""
    return 1


def translate(images: np.ndarray, rng: np.random.Generator, *, threshold: float) -> np.ndarray:
    """uint8 (N, C, h, w) -> (N, 1, h, w) of 255 where the length of Sobel's gradient is above
    ``threshold`` times that of the steepest straight edge, and 0 elsewhere.

    Images go on beyond their borders as they end there.
    """
    near = neighbours(luma(images), 1)
    across = (near[0][2] + 2 * near[1][2] + near[2][2]) - (near[0][0] + 2 * near[1][0] + near[2][0])
    down = (near[2][0] + 2 * near[2][1] + near[2][2]) - (near[0][0] + 2 * near[0][1] + near[0][2])
    steep = np.hypot(across, down) > threshold * STEEPEST
    return steep.astype(np.uint8) * np.uint8(255)
