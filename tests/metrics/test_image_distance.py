"""Distances of images against plain formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from helpers.games import rng
from torch import Tensor

from ganpipe.metrics.image_distance import ImageDistance


def noise(count: int, channels: int, side: int, seed: int) -> Tensor:
    shape = (count, channels, side, side)
    return torch.randint(0, 256, shape, generator=rng(seed), dtype=torch.uint8)


def test_distances_are_the_formulas() -> None:
    images, truths = noise(7, 3, 12, 0), noise(7, 3, 12, 1)
    distance = ImageDistance()
    for start in (0, 4):  # pieces of different lengths
        distance.update(images[start : start + 4], truths[start : start + 4])
    found = distance.metrics()
    x, y = images.numpy() / 255, truths.numpy() / 255
    assert found["l1"] == pytest.approx(np.abs(x - y).mean())
    assert found["psnr"] == pytest.approx(10 * math.log10(1 / ((x - y) ** 2).mean()))
    chroma = (x - x.mean(1, keepdims=True)) - (y - y.mean(1, keepdims=True))
    assert found["chroma_l1"] == pytest.approx(np.abs(chroma).mean())
    similarities = [similarity(*pair) for pair in zip(x, y, strict=True)]
    assert found["ssim"] == pytest.approx(np.mean(similarities), abs=1e-4)


def similarity(x: np.ndarray, y: np.ndarray) -> float:
    """Equation 13 of the paper at every pixel, under a window that is mirrored at the borders."""
    steps = np.arange(11) - 5
    line = np.exp(-(steps**2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2
    values = []
    for one, other in zip(x, y, strict=True):
        wide = [np.pad(each, 5, mode="reflect") for each in (one, other)]
        for row in range(one.shape[0]):
            for column in range(one.shape[1]):
                a, b = (each[row : row + 11, column : column + 11] for each in wide)
                mean_a, mean_b = (window * a).sum(), (window * b).sum()
                var_a = (window * a * a).sum() - mean_a**2
                var_b = (window * b * b).sum() - mean_b**2
                both = (window * a * b).sum() - mean_a * mean_b
                above = (2 * mean_a * mean_b + 0.01**2) * (2 * both + 0.03**2)
                below = (mean_a**2 + mean_b**2 + 0.01**2) * (var_a + var_b + 0.03**2)
                values.append(above / below)
    return float(np.mean(values))


def test_equal_images_have_no_distance_and_no_psnr() -> None:
    images = noise(3, 1, 8, 0)
    distance = ImageDistance()
    distance.update(images, images)
    assert distance.metrics() == {"l1": 0.0, "ssim": pytest.approx(1.0)}


def test_grey_has_no_chroma_and_tiny_images_no_window() -> None:
    distance = ImageDistance()
    distance.update(noise(2, 1, 4, 0), noise(2, 1, 4, 1))
    assert set(distance.metrics()) == {"l1", "psnr"}
    with pytest.raises(ValueError, match="have truths"):
        distance.update(noise(2, 1, 4, 0), noise(2, 3, 4, 0))
