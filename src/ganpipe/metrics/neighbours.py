"""Metrics of nearest neighbours: precision, recall, density, coverage, copies.

All work on float32 (N, d) features, a block of distances at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

PRECISION_K = 3  # neighbours that span a ball (Kynkäänniemi et al. 2019)
DENSITY_K = 5  # and in density and coverage (Naeem et al. 2020)
NEEDED = DENSITY_K + 1  # points a side, so that each has so many neighbours
BLOCK_VALUES = 1 << 25  # distances held at a time: 256 MiB
ROUNDING = 1e-12  # of the squared lengths: more than rounding does to a squared distance in float64


def distances(
    queries: Tensor, points: Tensor, dtype: torch.dtype = torch.float64
) -> Iterator[tuple[int, Tensor]]:
    """Yield (first row, squared distances (rows, M) of ``dtype``) for blocks of queries.

    Around the mean of ``points``, so that rounding is relative to their spread. Lengths are taken
    slightly smaller, so that in float64 the distance of equal rows is 0 and no rounding error.
    """
    centre = points.double().mean(dim=0)
    points = (points.double() - centre).to(dtype)
    lengths = (points * points).sum(dim=1) * (1 - ROUNDING)
    for start in range(0, len(queries), rows := max(1, BLOCK_VALUES // len(points))):
        block = (queries[start : start + rows].double() - centre).to(dtype)
        squared = torch.addmm(lengths[None], block, points.T, alpha=-2)
        own = (block * block).sum(dim=1) * (1 - ROUNDING)
        yield start, squared.add_(own[:, None]).clamp_(min=0)


def ball_radii(points: Tensor) -> Tensor:
    """(N, 2) float64: squared distance of each point to its 3rd and 5th neighbour among the others.

    Raises ValueError for fewer than NEEDED points: a figure with another k would be another figure.
    """
    if len(points) < NEEDED:
        raise ValueError(f"{len(points)} points have fewer than {DENSITY_K} neighbours")
    parts = []
    for start, squared in distances(points, points):
        rows = torch.arange(len(squared))
        squared[rows, start + rows] = torch.inf
        nearest = squared.topk(DENSITY_K, dim=1, largest=False).values
        parts.append(nearest[:, [PRECISION_K - 1, DENSITY_K - 1]])
    return torch.cat(parts)


def overlap(generated: Tensor, real: Tensor, real_radii: Tensor) -> dict[str, float]:
    """``precision`` and ``recall`` (Kynkäänniemi et al. 2019, equation 1, k = 3), ``density`` and
    ``coverage`` (Naeem et al. 2020, equations 3 and 4, k = 5); ``real_radii`` from ball_radii.

    Real balls are larger by what rounding may do, so that a copy of the image on a ball's edge
    counts in ``density``.
    """
    real_radii = real_radii * (1 + ROUNDING)
    generated_radii = ball_radii(generated)[:, 0]
    realistic = balls = 0
    recalled = torch.zeros(len(real), dtype=torch.bool)
    covered = torch.zeros(len(real), dtype=torch.bool)
    for start, squared in distances(generated, real):
        realistic += int((squared <= real_radii[:, 0]).any(dim=1).sum())
        inside = squared <= real_radii[:, 1]
        balls += int(inside.sum())
        covered |= inside.any(dim=0)
        own = generated_radii[start : start + len(squared), None]
        recalled |= (squared <= own).any(dim=0)
    count = len(generated)
    return {
        "precision": realistic / count,
        "recall": recalled.double().mean().item(),
        "density": balls / (DENSITY_K * count),
        "coverage": covered.double().mean().item(),
    }


def nearest(queries: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """For each query the squared distance to the nearest point (float64), and which it is.

    Searched in float32, four times as fast; the distance to what was found is exact, so that near
    copies do not drown in rounding.
    """
    found = [squared.argmin(dim=1) for _, squared in distances(queries, points, torch.float32)]
    index = torch.cat(found)
    between = queries.double() - points[index].double()
    return (between * between).sum(dim=1), index
