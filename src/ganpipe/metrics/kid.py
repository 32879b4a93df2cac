"""Kernel Inception Distance (Bińkowski et al. 2018): an unbiased squared MMD of features.

The kernel is the paper's k(x, y) = (x·y / d + 1)³. Every pair of images counts once, where the
paper averages over random subsets to save time: the expectation is the same, the noise is less,
and nothing is drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ganpipe.metrics.jackknife import block_bounds, jackknife

ROWS = 1000  # of the kernel matrix held at a time


@dataclass(frozen=True)
class Distance:
    """A figure and the standard deviation that it owes to the draw of the generated images."""

    value: float
    std: float | None


def kernel_sums(x: Tensor, y: Tensor, bounds: list[int]) -> np.ndarray:
    """(rows of x, blocks of y) sums of the kernel, for float64 (N, d) and (M, d) features;
    ``bounds`` are the starts of the blocks of ``y`` and its end."""
    sums = []
    for rows in x.split(ROWS):
        kernel = (rows @ y.T).div_(x.shape[1]).add_(1)
        kernel = kernel * kernel * kernel
        sums.append(torch.stack([kernel[:, a:b].sum(dim=1) for a, b in pairwise(bounds)], dim=1))
    return torch.cat(sums).numpy()


def diagonal(x: Tensor) -> np.ndarray:
    """(N,) values k(x_i, x_i)."""
    return ((x * x).sum(dim=1) / x.shape[1] + 1).pow(3).numpy()


def within(x: Tensor) -> float:
    """The mean of k over the ordered pairs of different rows; computed once for a reference."""
    n = len(x)
    return float((kernel_sums(x, x, [0, n]).sum() - diagonal(x).sum()) / (n * (n - 1)))


def kernel_distance(generated: Tensor, real: Tensor, within_real: float) -> Distance:
    """The unbiased squared MMD, equation 4 of the paper, of float64 (N, d) and (M, d) features.

    It may be slightly negative where the two are alike. The standard deviation is a jackknife's
    over ten blocks of the generated images; the reference stays as it is.
    """
    n, m = len(generated), len(real)
    bounds = block_bounds(n)
    inner = kernel_sums(generated, generated, bounds)  # (N, blocks)
    crossed = kernel_sums(generated, real, [0, m])[:, 0]
    per_block = np.add.reduceat(inner, bounds[:-1], axis=0)  # (blocks, blocks), symmetric
    own = np.add.reduceat(diagonal(generated), bounds[:-1])
    cross = np.add.reduceat(crossed, bounds[:-1])

    def figure(kept: np.ndarray) -> float:
        count = int(np.diff(bounds)[kept].sum())
        pairs = per_block[np.ix_(kept, kept)].sum() - own[kept].sum()
        mean_inner = pairs / (count * (count - 1))
        return float(mean_inner + within_real - 2 * cross[kept].sum() / (count * m))

    return Distance(figure(np.arange(len(own))), jackknife(figure, len(own)))
