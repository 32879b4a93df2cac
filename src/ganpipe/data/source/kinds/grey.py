"""Colours as their luma."""

from __future__ import annotations

import numpy as np

from ganpipe.core.errors import GanpipeError
from ganpipe.data.source.pixels import luma

DRAWN = False  # an image has one source


def channels(given: int) -> int:
    """1. Raises GanpipeError for images that are grey already."""
    if given == 1:
        raise GanpipeError(
            "the images of the dataset are grey already, so that source.kind grey leaves nothing "
            "to learn; choose another kind or a dataset in colour, such as cifar10"
        )
    return 1


def translate(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (N, 3, h, w) -> (N, 1, h, w), rounded to the nearest grey value."""
    return np.rint(luma(images)).astype(np.uint8)
