"""Arithmetic of pixels that several kinds of sources share."""

from __future__ import annotations

import numpy as np

LUMA = (0.299, 0.587, 0.114)  # of R, G and B: ITU-R BT.601


def luma(images: np.ndarray) -> np.ndarray:
    """uint8 (N, 1 or 3, h, w) -> float64 (N, 1, h, w) in [0, 255]; of grey images themselves."""
    if images.shape[1] == 1:
        return images.astype(np.float64)
    return np.einsum("nchw,c->nhw", images.astype(np.float64), LUMA)[:, None]


def neighbours(images: np.ndarray, reach: int) -> list[list[np.ndarray]]:
    """Images (N, C, h, w) shifted by -``reach``..``reach`` rows and columns, as a list of rows.

    ``neighbours(x, 1)[0][2]`` holds for each pixel the one above and to the right of it. Images go
    on beyond their borders as they end there.
    """
    height, width = images.shape[2:]
    wider = np.pad(images, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
    steps = range(2 * reach + 1)
    return [[wider[:, :, y : y + height, x : x + width] for x in steps] for y in steps]
