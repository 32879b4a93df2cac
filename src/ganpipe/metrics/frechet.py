"""The Fréchet distance of two Gaussians (Dowson and Landau 1982), FID's arithmetic."""

from __future__ import annotations

import numpy as np

from ganpipe.errors import GanpipeError
from ganpipe.metrics.moments import Gaussian


def root(gaussian: Gaussian) -> np.ndarray:
    """H (d, r) with H Hᵀ = sigma, r its numerical rank; computed once for a reference."""
    values, vectors = np.linalg.eigh(gaussian.sigma)
    kept = values > len(values) * np.finfo(np.float64).eps * max(values[-1], 0.0)
    kept[: len(values) - gaussian.rank_bound] = False
    return vectors[:, kept] * np.sqrt(values[kept])


def frechet_distance(a: Gaussian, b: Gaussian, root_of_a: np.ndarray | None = None) -> float:
    """d² = |mu_a - mu_b|² + Tr(S_a + S_b - 2 (S_a S_b)^½), never negative.

    Heusel et al. 2017, equation 6. With S_a = H Hᵀ the trace of the root is the sum of the roots
    of the eigenvalues of Hᵀ S_b H, which is symmetric: no complex numbers, and of those
    eigenvalues no more than the smaller rank are counted, so that rounding errors do not add up
    where a covariance is singular (fewer images than features, or a constant generator).

    ``root_of_a`` is :func:`root` of ``a`` where the caller has it. Raises GanpipeError where the
    statistics do not fit each other or are not finite.
    """
    if a.sigma.shape != b.sigma.shape:
        raise GanpipeError(
            f"statistics of {len(a.mu)} and of {len(b.mu)} features cannot be compared; both sides "
            "must come from the same ruler"
        )
    if not all(np.isfinite(part).all() for part in (a.mu, a.sigma, b.mu, b.sigma)):
        raise GanpipeError("statistics with NaN or infinity in them have no Fréchet distance")
    half = root(a) if root_of_a is None else root_of_a
    product = half.T @ b.sigma @ half
    count = min(half.shape[1], b.rank_bound)
    values = np.linalg.eigvalsh(product)[half.shape[1] - count :]
    cross = np.sqrt(np.clip(values, 0.0, None)).sum()
    means = a.mu - b.mu
    squared = means @ means + np.trace(a.sigma) + np.trace(b.sigma) - 2 * cross
    return max(0.0, float(squared))
