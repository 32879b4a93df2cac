"""Gaussian noise on top of the image."""

from __future__ import annotations

import numpy as np

DRAWN = True  # one of many possible sources of an image


def channels(given: int) -> int:
    """As many as the images have."""
    return given


def translate(images: np.ndarray, rng: np.random.Generator, *, deviation: float) -> np.ndarray:
    """uint8 (N, C, h, w) -> the same shape, N(0, ``deviation``²) added, rounded and clipped."""
    noisy = images + rng.standard_normal(images.shape, np.float32) * np.float32(deviation)
    return np.rint(noisy).clip(0, 255).astype(np.uint8)
