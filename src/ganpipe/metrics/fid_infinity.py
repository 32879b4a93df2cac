"""FID extrapolated to infinitely many generated images (Chong and Forsyth 2020).

The bias that the reference has of its own number of images stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from ganpipe.core.errors import GanpipeError

SMALLEST_SHARE = 0.3  # of the images, in the smallest subset: with fewer the line bends


class TooFewError(GanpipeError):
    """Too few images to extrapolate from; the message ends with how many it takes."""


def subset_sizes(block_sizes: Sequence[int], width: int) -> dict[int, int]:
    """Number of blocks -> number of images in them, for the subsets that the line goes through.

    Raises TooFewError for fewer than three, and where the smallest has no more images than the
    ``width`` of the features: there FID is no line in 1/N.
    """
    sizes = dict(enumerate(accumulate(block_sizes), start=1))
    total = sum(block_sizes)
    kept = {k: size for k, size in sizes.items() if size >= max(2, SMALLEST_SHARE * total)}
    if len(kept) < 3 or min(kept.values()) <= width:
        needed = math.ceil((width + 1) / SMALLEST_SHARE)
        raise TooFewError(
            f"FID of {total} images and {width} features cannot be extrapolated; take {needed} or "
            "more"
        )
    return kept


def extrapolate(counts: Sequence[int], figures: Sequence[float]) -> float:
    """The value at 1/N = 0 of the straight line through FID over 1/N."""
    return float(np.polyfit(1 / np.asarray(counts, dtype=float), figures, deg=1)[1])
