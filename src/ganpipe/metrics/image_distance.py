"""Distances between images and their truths, summed over pieces of any length."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

SMALLEST = 6  # pixels a side that the window of SSIM, which is mirrored at the borders, takes


class ImageDistance:
    """L1, PSNR and SSIM of images to their truths, on values from 0 to 1.

    ``l1`` is the mean of |x - y|; ``psnr`` is 10 log10(1 / MSE) of the mean squared error of all
    images, in dB; ``ssim`` the mean over images of Wang et al. 2004 (doi:10.1109/TIP.2003.819861)
    with its Gaussian window of 11 pixels and deviation 1.5, as torchmetrics computes it;
    ``chroma_l1``, of images in colour, is ``l1`` of the differences of R, G and B from their mean.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sums: dict[str, float] = {}

    def update(self, images: Tensor, truths: Tensor) -> None:
        """Add uint8 (n, C, h, w) images and their truths, of the same shape."""
        if images.shape != truths.shape:
            raise ValueError(f"images {images.shape} have truths {truths.shape}")
        x, y = (each.double() / 255 for each in (images, truths))
        means = {"l1": (x - y).abs().mean(), "mse": (x - y).square().mean()}
        if images.shape[1] == 3:
            means["chroma_l1"] = (_chroma(x) - _chroma(y)).abs().mean()
        if min(images.shape[2:]) >= SMALLEST:
            means["ssim"] = _similarity(x.float(), y.float())
        self.count += len(images)
        for name, value in means.items():
            self._sums[name] = self._sums.get(name, 0.0) + len(images) * float(value)

    def metrics(self) -> dict[str, float]:
        """The means over all images; without ``psnr``, which is infinite, where all are equal."""
        means = {name: value / self.count for name, value in self._sums.items()}
        mse = means.pop("mse")
        return means | ({"psnr": -10 * math.log10(mse)} if mse else {})


def _similarity(images: Tensor, truths: Tensor) -> Tensor:
    """The mean SSIM of float (n, C, h, w) images in [0, 1]."""
    from torchmetrics.functional.image import structural_similarity_index_measure  # seconds

    mean: Any = structural_similarity_index_measure(images, truths, data_range=1.0)
    return mean


def _chroma(images: Tensor) -> Tensor:
    """Differences (n, 3, h, w) of R, G and B from their mean."""
    return images - images.mean(1, keepdim=True)
