"""The Fréchet distance of two Gaussians (Dowson and Landau 1982), FID's arithmetic."""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dpstrf

from ganpipe.core.errors import GanpipeError
from ganpipe.metrics.moments import Gaussian

REGULAR = 1e-10  # smallest pivot against the largest variance; rounding errors are far below it


def root(gaussian: Gaussian) -> np.ndarray:
    """Any H (d, r) with H Hᵀ = sigma and r its numerical rank; computed once for a reference.

    Cholesky's, with pivots where sigma is singular (Higham 2002, section 10.3).
    """
    sigma = gaussian.sigma
    if gaussian.rank_bound == len(sigma):
        try:
            factor = np.linalg.cholesky(sigma)
            if factor.diagonal().min() ** 2 > REGULAR * sigma.max():
                return factor
        except np.linalg.LinAlgError:
            pass
    factor, pivots, rank, _ = dpstrf(sigma, lower=1)
    rank = min(rank, gaussian.rank_bound)
    half = np.empty((len(sigma), rank))
    half[pivots - 1] = np.tril(factor)[:, :rank]
    return half


def frechet_distance(a: Gaussian, b: Gaussian, root_of_a: np.ndarray | None = None) -> float:
    """d² = |mu_a - mu_b|² + Tr(S_a + S_b - 2 (S_a S_b)^½), never negative.

    Heusel et al. 2017, equation 6. With S_a = H Hᵀ and S_b = K Kᵀ the trace of the root is the sum
    of the singular values of Kᵀ H: no complex numbers, and no eigenvalues of a product, whose
    roots would turn a rounding error of 1e-16 into one of 1e-8. Where a covariance is singular
    (fewer images than features, or a constant generator) H and K have only as many columns as its
    rank, so that rounding errors do not add up.

    ``root_of_a`` is :func:`root` of ``a`` where the caller has it. Raises GanpipeError where the
    statistics do not fit each other or are not finite.
    """
    if a.sigma.shape != b.sigma.shape:
        raise GanpipeError(
            f"statistics of {len(a.mu)} and of {len(b.mu)} features cannot be compared; both sides "
            "must come from the same extractor"
        )
    if not all(np.isfinite(part).all() for part in (a.mu, a.sigma, b.mu, b.sigma)):
        raise GanpipeError("statistics with NaN or infinity in them have no Fréchet distance")
    half = root(a) if root_of_a is None else root_of_a
    cross = np.linalg.svd(root(b).T @ half, compute_uv=False).sum()
    means = a.mu - b.mu
    with np.errstate(over="ignore", invalid="ignore"):
        squared = means @ means + np.trace(a.sigma) + np.trace(b.sigma) - 2 * cross
    if not np.isfinite(squared):
        raise GanpipeError(
            "the Fréchet distance came out as infinity: the statistics hold values that overflow "
            "float64; make them again"
        )
    return max(0.0, float(squared))
