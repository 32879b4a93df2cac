"""Whether the values of images from elsewhere fit the range that black and white are said to be."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from ganpipe.core.errors import GanpipeError

log = logging.getLogger(__name__)

USUAL = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))  # of programs, the narrowest first
BESIDE = 0.25  # of the range: what networks without a last bound overshoot now and then
MOST = 0.2  # share of the values that may lie farther outside
LEAST = 0.125  # of a range, which the values should span: 32 of 256 levels, less than fog has
FAR = 4.0  # ranges outside, where no value may lie


def expect_range(images: np.ndarray, black: float, white: float, path: Path) -> None:
    """Look at the first float ``images`` of a file.

    Raises GanpipeError where their values lie far outside of the range, and logs a warning where
    all lie in one half of it or in a narrow part, as those of another range do. NaN and infinity
    are left to others.
    """
    if not np.isfinite(images).all():
        return
    low, high, span = float(images.min()), float(images.max()), white - black
    outside = np.maximum(black - images, images - white) / span
    held = f"the images of {path} hold values from {low:.4g} to {high:.4g}"
    if outside.max() > FAR or (outside > BESIDE).mean() > MOST:
        raise GanpipeError(
            f"{held}, far outside of the range from black, {black:g}, to white, {white:g}, so that "
            f"most would be cut off; {_advice(low, high)}"
        )
    middle = (black + white) / 2
    if low >= middle or high <= middle:
        half = "upper" if low >= middle else "lower"
        log.warning(
            f"{held}, all in the {half} half of the range from black, {black:g}, to white, "
            f"{white:g}; unless they are so {'bright' if low >= middle else 'dark'}, "
            f"{_advice(low, high)}"
        )
    elif high - low < LEAST * span:
        log.warning(
            f"{held}, which is little of the range from black, {black:g}, to white, {white:g}; "
            f"unless they have so little contrast, {_advice(low, high)}"
        )


def _advice(low: float, high: float) -> str:
    """A clause that names the usual range which the values fit, if one does."""
    for black, white in USUAL:
        slack = BESIDE * (white - black)
        filled = high - low >= LEAST * (white - black)
        if filled and black - slack <= low and high <= white + slack:
            return f"name their range: --range {black:g} {white:g}"
    return "name the values of their black and white: --range BLACK WHITE"
