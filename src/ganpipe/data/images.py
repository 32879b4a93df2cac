"""Resizing and decoding with Pillow, whose bilinear filter is antialiased when it shrinks."""

from __future__ import annotations

import numpy as np
from PIL import Image


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """(N, C, H, W) uint8 -> (N, C, size, size) uint8, bilinear, antialiased."""
    planes = images.reshape(-1, *images.shape[2:])
    target = (size, size)
    resized = [
        np.asarray(Image.fromarray(plane).resize(target, Image.Resampling.BILINEAR))
        for plane in planes
    ]
    return np.stack(resized).reshape(*images.shape[:2], size, size)
