"""Mean and covariance of features as they stream by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Gaussian:
    """The normal distribution that stands for a set of features."""

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
        self.mean = np.zeros(dim)  # (d,)
        self.scatter = np.zeros((dim, dim))  # (d, d): sum of outer products around the mean

    def update(self, features: np.ndarray) -> None:
        """Take in (n, d) features of any float type."""
        if not len(features):
            return
        batch = Moments(features.shape[1])
        batch.num = len(features)
        batch.mean = features.mean(axis=0, dtype=np.float64)
        centred = features - batch.mean
        batch.scatter = centred.T @ centred
        self.merge(batch)

    def merge(self, other: Moments) -> None:
        """Take in what ``other`` has seen."""
        total = self.num + other.num
        if not other.num:
            return
        delta = other.mean - self.mean
        self.scatter += other.scatter
        self.scatter += np.outer(delta, delta * (self.num * other.num / total))
        self.mean = self.mean + delta * (other.num / total)
        self.num = total

    def gaussian(self) -> Gaussian:
        """Mean and unbiased covariance of what was seen, at least two images."""
        if self.num < 2:
            raise ValueError(f"a covariance needs two images, not {self.num}")
        return Gaussian(self.mean, self.scatter / (self.num - 1), self.num)
