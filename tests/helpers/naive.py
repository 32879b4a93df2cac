"""Layers pixel by pixel in plain arithmetic, for comparison; images are float64 (C, H, W)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Image = NDArray[np.float64]


def convolved(image: Image, weight: Tensor, bias: Tensor | None) -> Image:
    """A convolution of odd side and stride 1 that keeps the size."""
    kernel = weight.detach().numpy().astype(float)
    outputs, _, side, _ = kernel.shape
    reach = side // 2
    _, height, width = image.shape
    result = np.zeros((outputs, height, width))
    for o in range(outputs):
        for y in range(height):
            for x in range(width):
                for dy in range(-reach, reach + 1):
                    for dx in range(-reach, reach + 1):
                        if 0 <= y + dy < height and 0 <= x + dx < width:
                            taps = kernel[o, :, dy + reach, dx + reach]
                            result[o, y, x] += taps @ image[:, y + dy, x + dx]
        if bias is not None:
            result[o] += bias[o].item()
    return result


def averaged(image: Image) -> Image:
    """The average of each 2 x 2 pixels."""
    corners = [image[:, dy::2, dx::2] for dy in range(2) for dx in range(2)]
    return np.stack(corners).mean(0)


def doubled(image: Image) -> Image:
    """Each pixel as 2 x 2."""
    return image.repeat(2, axis=1).repeat(2, axis=2)


def rectified(image: Image) -> Image:
    """ReLU."""
    return np.maximum(image, 0)
