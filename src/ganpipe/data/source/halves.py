"""Disjoint halves of the training images, for a model that is to see no pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ganpipe.data.loading import sources

STREAM = 2  # of the seed: those of smaller numbers are of what is drawn for the splits


def halve(count: int, seed: int, folder: Path) -> np.ndarray:
    """Write the rows of both halves of ``count`` training images; returns the sources', int64."""
    order = np.random.default_rng([seed, STREAM]).permutation(count)
    halves = np.sort(order[: count // 2]), np.sort(order[count // 2 :])
    for side, rows in zip(sources.SIDES, halves, strict=True):
        np.save(sources.rows_path(folder, side), rows)
    return halves[0]
