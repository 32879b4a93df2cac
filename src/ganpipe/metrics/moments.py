"""Mean and covariance of features as they stream by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Gaussian:
    """The normal distribution with the mean and covariance of a set of features."""

    mu: np.ndarray  # (d,) float64
    sigma: np.ndarray  # (d, d) float64, unbiased: divided by N - 1
    num: int | None = None  # images it was estimated from, where that is known

    @property
    def rank_bound(self) -> int:
        """The rank that ``sigma`` can have at most."""
        d = len(self.mu)
        return d if self.num is None else min(d, self.num - 1)


class Moments:
    """Count, mean and scatter matrix in float64; memory does not grow with the images.

    Updates and merges follow Chan, Golub and LeVeque (1979), which does not lose the digits that
    the textbook's mean of squares minus square of the mean does.
    """

    def __init__(self, dim: int) -> None:
        self.num = 0
        self.mean = torch.zeros(dim, dtype=torch.float64)  # (d,)
        self.scatter = torch.zeros(dim, dim, dtype=torch.float64)  # of deviations from the mean

    def update(self, features: Tensor) -> None:
        """Take in (n, d) features of any float type."""
        if len(features):
            features = features.double()
            mean = features.mean(dim=0)
            self._take(len(features), mean, features - mean)

    def merge(self, other: Moments) -> None:
        """Take in the images of ``other``."""
        if other.num:
            self.scatter += other.scatter
            self._take(other.num, other.mean, other.mean.new_empty(0, len(other.mean)))

    def _take(self, num: int, mean: Tensor, centred: Tensor) -> None:
        """Add ``num`` images of that mean, whose deviations from it are the rows of ``centred``.

        The distance of the two means joins them as a row, so that one product, in place, does all.
        """
        total = self.num + num
        between = mean - self.mean
        rows = torch.vstack([centred, between * (self.num * num / total) ** 0.5])
        self.scatter.addmm_(rows.T, rows)
        self.mean = self.mean + between * (num / total)
        self.num = total

    def gaussian(self) -> Gaussian:
        """Mean and unbiased covariance of the images so far, at least two."""
        if self.num < 2:
            raise ValueError(f"a covariance needs two images, not {self.num}")
        sigma = self.scatter / (self.num - 1)
        return Gaussian(self.mean.numpy(), sigma.numpy(), self.num)
