"""The splits of a public dataset as its reader returns them, and their check."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ganpipe.data.catalog import Official


class Split(NamedTuple):
    """Images at their native size and their labels."""

    images: np.ndarray  # (N, C, H, W) uint8
    labels: np.ndarray  # (N,) int64 in [0, classes)


class DamagedError(Exception):
    """Damage of a file, as a clause after its name."""


def check_splits(splits: dict[str, Split], official: Official) -> None:
    """Raise DamagedError unless both splits have the expected number of images, their shape and
    labels in range."""
    for name, count in (("train", official.num_train), ("test", official.num_test)):
        _check(name, splits[name], count=count, official=official)


def _check(name: str, split: Split, *, count: int, official: Official) -> None:
    side = official.native_size
    wanted = (count, official.channels, side, side)
    if split.images.shape != wanted:
        raise DamagedError(f"the {name} images have the shape {split.images.shape}, not {wanted}")
    if split.labels.shape != (count,):
        raise DamagedError(f"there are {split.labels.size} {name} labels for {count} images")
    if split.labels.min() < 0 or split.labels.max() >= len(official.classes):
        raise DamagedError(f"a {name} label is outside 0..{len(official.classes) - 1}")
