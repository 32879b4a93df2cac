"""Reading what the stage `prepare` wrote: NumPy arrays and their description, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from ganpipe.core import paths
from ganpipe.data.spec import DataSpec
from ganpipe.storage.files import read_json
from ganpipe.storage.npy import damaged, read_npy

SplitName = Literal["train", "test"]
STAGE = "prepare"


def spec_path(folder: Path) -> Path:
    """Path of the description of a prepared dataset."""
    return folder / "spec.json"


def images_path(folder: Path, split: SplitName) -> Path:
    """Path of the images of a split."""
    return folder / f"{split}_images.npy"


def labels_path(folder: Path, split: SplitName) -> Path:
    """Path of the labels of a split, if the dataset has any."""
    return folder / f"{split}_labels.npy"


def load_spec(folder: Path = paths.PREPARED) -> DataSpec:
    """Description of the prepared dataset. Raises GanpipeError where it is missing or damaged."""
    path = spec_path(folder)
    content = read_json(path, STAGE)
    try:
        return DataSpec.from_dict(content)
    except (TypeError, KeyError):
        raise damaged(path, "it has other fields") from None


def load_images(folder: Path, split: SplitName, mmap: bool = True) -> np.ndarray:
    """Images of a split at their native size, uint8 (N, C, h, w), read-only on disk or in memory.

    Raises GanpipeError where they are missing, damaged or do not fit ``spec.json``.
    """
    spec = load_spec(folder)
    path = images_path(folder, split)
    return read_npy(
        path, STAGE, (_count(spec, split), *spec.target.native_shape), np.uint8, mmap=mmap
    )


def load_labels(folder: Path, split: SplitName) -> np.ndarray | None:
    """Labels of a split, int64 (N,) in [0, classes), or None where the dataset has none.

    Raises GanpipeError where they are missing, damaged or out of range.
    """
    spec = load_spec(folder)
    if not spec.target.classes:
        return None
    path = labels_path(folder, split)
    labels = read_npy(path, STAGE, (_count(spec, split),), np.int64, mmap=False)
    if labels.min() < 0 or labels.max() >= len(spec.target.classes):
        raise damaged(path, f"a label is outside 0..{len(spec.target.classes) - 1}")
    return labels


def count_classes(labels: np.ndarray, classes: tuple[str, ...]) -> tuple[int, ...]:
    """Numbers of images of each class, from (N,) int64 labels."""
    return tuple(np.bincount(labels, minlength=len(classes)).tolist())


def _count(spec: DataSpec, split: SplitName) -> int:
    return spec.num_train if split == "train" else spec.num_test
