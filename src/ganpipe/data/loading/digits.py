"""Reading which digit each channel of Stacked MNIST shows, without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.arrays import STAGE, SplitName, load_spec
from ganpipe.storage.npy import damaged, read_npy

DATASET = "stacked_mnist"
CHANNELS = 3
DIGITS = tuple("0123456789")
MODES = len(DIGITS) ** CHANNELS

# In each of so many equal parts of a split, every channel shows each digit of MNIST's split once.
ROUNDS: dict[SplitName, int] = {"train": 1, "test": 3}


def digits_path(folder: Path, split: SplitName) -> Path:
    """Path of the digits of a split."""
    return folder / f"{split}_digits.npy"


def load_digits(folder: Path, split: SplitName) -> np.ndarray:
    """The digit that each channel of each image of a split shows: int64 (N, 3) of 0 to 9.

    Raises GanpipeError for another dataset than Stacked MNIST, and where the file is missing or
    damaged.
    """
    spec = load_spec(folder)
    if spec.name != DATASET:
        raise GanpipeError(
            f"the channels of the dataset '{spec.name}' show no digits; those of {DATASET} do"
        )
    path = digits_path(folder, split)
    count = spec.num_train if split == "train" else spec.num_test
    digits = read_npy(path, STAGE, (count, CHANNELS), np.int64, mmap=False)
    if digits.min() < 0 or digits.max() >= len(DIGITS):
        raise damaged(path, f"a digit is outside 0..{len(DIGITS) - 1}")
    return digits


def modes_of(digits: np.ndarray) -> np.ndarray:
    """(N,) int64 in 0..999: the three digits (N, 3) read as a number, red first."""
    places: np.ndarray = len(DIGITS) ** np.arange(CHANNELS - 1, -1, -1)
    return digits @ places
