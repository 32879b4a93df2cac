"""A public dataset from data/raw: read, checked, resized where that is asked for, written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ganpipe.core.errors import GanpipeError
from ganpipe.data.catalog import OFFICIAL
from ganpipe.data.config import PublicDataset
from ganpipe.data.loading import arrays
from ganpipe.data.prepare.build import reader
from ganpipe.data.prepare.images import resize
from ganpipe.data.prepare.split import DamagedError, Split, check_splits
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.storage.npy import NpyWriter

BLOCK = 1024  # images in memory at once


def read_public(name: str, raw: Path) -> dict[str, Split]:
    """The splits `train` and `test` of a public dataset from ``data/raw``.

    Raises GanpipeError where a file is missing or holds anything but the expected number of
    images, their shape and labels in range.
    """
    official = OFFICIAL[name]
    try:
        splits: dict[str, Split] = reader(name).read(official, raw)
        check_splits(splits, official)
    except FileNotFoundError as error:
        raise GanpipeError(
            f"{error.filename} is missing; the stage 'download' writes it: run `dvc repro`"
        ) from None
    except DamagedError as error:
        raise GanpipeError(f"{raw} is damaged: {error}; delete it and run `dvc repro`") from None
    return splits


def write_public(name: str, config: PublicDataset, *, raw: Path, folder: Path) -> DataSpec:
    """Write both splits to ``folder``, at their native size where they are to be padded.

    Raises GanpipeError as :func:`read_public` does.
    """
    official = OFFICIAL[name]
    splits = read_public(name, raw)
    size = official.native_size if config.fit == "pad" else config.image_size
    split: arrays.SplitName
    for split in ("train", "test"):
        images, labels = splits[split]
        blocks = (images[start : start + BLOCK] for start in range(0, len(images), BLOCK))
        path = arrays.images_path(folder, split)
        write_images(path, blocks, channels=official.channels, size=size)
        np.save(arrays.labels_path(folder, split), labels)
    counts = arrays.count_classes(splits["train"].labels, official.classes)
    domain = Domain(official.channels, size, config.image_size, official.classes, counts)
    return DataSpec(name, domain, official.num_train, official.num_test)


def write_images(path: Path, blocks: Iterable[np.ndarray], *, channels: int, size: int) -> None:
    """Write (n, channels, h, h) uint8 blocks one behind the other, resized to ``size`` pixels."""
    with NpyWriter(path, (channels, size, size), np.uint8) as writer:
        for block in blocks:
            writer.append(block if block.shape[-1] == size else resize(block, size))
