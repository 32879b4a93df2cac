"""Stacked MNIST: images whose colours are three digits of MNIST, and so of one of 1,000 modes.

The dataset of Metz et al. 2017 (arXiv:1611.02163), which shows how many modes a generator covers.
There, and in the programs that followed, each digit is drawn at random; here each channel shows all
digits of MNIST's split once, in an order of its own, before one comes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ganpipe.data.catalog import MADE_FROM, OFFICIAL
from ganpipe.data.config import PublicDataset
from ganpipe.data.loading import arrays
from ganpipe.data.loading.digits import CHANNELS, DATASET, ROUNDS, digits_path
from ganpipe.data.prepare.public import BLOCK, read_public, write_images
from ganpipe.data.spec import DataSpec, Domain

SEED = 0  # of the orders, the same for every run


def write(config: PublicDataset, raw: Path, folder: Path) -> tuple[DataSpec, int]:
    """Write both splits and their digits to ``folder``, from the files of MNIST in ``raw``.

    The images carry no labels: a model that is told the digits would cover every mode. Returns
    their description, and 0 for the number of damaged images. Raises GanpipeError as
    :func:`read_public` does.
    """
    spec = describe(config)
    mnist = read_public(MADE_FROM[DATASET], raw)
    for split in ROUNDS:
        images, labels = mnist[split]
        order = stacking(split, len(images))
        path = arrays.images_path(folder, split)
        size = spec.target.native_size
        write_images(path, stacked(images, order), channels=CHANNELS, size=size)
        np.save(digits_path(folder, split), labels[order])
    return spec, 0


def describe(config: PublicDataset) -> DataSpec:
    """The description of the dataset that :func:`write` writes."""
    mnist = OFFICIAL[MADE_FROM[DATASET]]
    size = mnist.native_size if config.fit == "pad" else config.image_size
    domain = Domain(CHANNELS, size, config.image_size)
    num_train, num_test = mnist.num_train * ROUNDS["train"], mnist.num_test * ROUNDS["test"]
    return DataSpec(DATASET, domain, num_train, num_test)


def stacking(split: arrays.SplitName, count: int) -> np.ndarray:
    """Which of ``count`` digits each channel of each image shows: int64 (ROUNDS * count, 3).

    The orders are those of numbers of a bit generator, whose stream is the same in every version of
    NumPy, which the permutations of its `Generator` are not.
    """
    rounds = [
        [_order(count, tuple(ROUNDS).index(split), number, channel) for channel in range(CHANNELS)]
        for number in range(ROUNDS[split])
    ]
    return np.concatenate([np.stack(orders, axis=1) for orders in rounds])


def stacked(images: np.ndarray, order: np.ndarray) -> Iterator[np.ndarray]:
    """(n, 3, h, w) uint8 blocks of grey (N, 1, h, w) images, put together in ``order`` (M, 3)."""
    for start in range(0, len(order), BLOCK):
        yield images[order[start : start + BLOCK], 0]


def _order(count: int, *purpose: int) -> np.ndarray:
    """A random order of ``count`` things, (count,) int64."""
    numbers = np.random.PCG64([SEED, *purpose]).random_raw(count)
    return np.argsort(numbers, kind="stable")
