"""Reader of the user's own images in data/raw: from files to arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ganpipe.core.errors import GanpipeError
from ganpipe.data.config import FolderDataset
from ganpipe.data.loading import arrays
from ganpipe.data.prepare.decoding import Found, decode_all, levels, report
from ganpipe.data.prepare.images import decode
from ganpipe.data.prepare.layout import Image, find_splits
from ganpipe.data.prepare.notes import DamagedImageError, Notes
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.storage.npy import NpyWriter

SPLITS: tuple[arrays.SplitName, ...] = ("train", "test")


def write(config: FolderDataset, raw: Path, folder: Path) -> tuple[DataSpec, int]:
    """Decode the images of ``raw`` and write them to ``folder``.

    Returns their description and the number of damaged images that were skipped. Raises
    GanpipeError where images are damaged and not to be skipped, or too few.
    """
    splits = find_splits(raw, config.test_fraction)
    classes = tuple(sorted({image.label for image in splits["train"] if image.label}))
    found = Found()
    train, test = (
        _write_split(
            split, splits[split], classes, config=config, raw=raw, folder=folder, found=found
        )
        for split in SPLITS
    )
    report(found, config, "datasets.folder")
    check_counts(len(train), len(test), "datasets.folder")
    size = config.image_size
    counts = arrays.count_classes(train, classes) if classes else ()
    domain = Domain(config.channels, size, size, classes, counts)
    spec = DataSpec("folder", domain, len(train), len(test), range=levels(config))
    return spec, len(found.damaged)


def _write_split(
    split: arrays.SplitName,
    images: Sequence[Image],
    classes: tuple[str, ...],
    *,
    config: FolderDataset,
    raw: Path,
    folder: Path,
    found: Found,
) -> np.ndarray:
    """Write the images of a split, and their labels where there are classes.

    Returns an int64 for each image that was written: its label, or 0 where there are no classes.
    """
    size, channels, given = config.image_size, config.channels, levels(config)

    def read(image: Image, notes: Notes) -> np.ndarray:
        try:
            return decode(raw / image.name, size, channels, levels=given, notes=notes)
        except DamagedImageError as error:
            raise DamagedImageError(f"{image.name}: {error}") from None

    numbers = {label: number for number, label in enumerate(classes)}
    labels: list[int] = []
    with NpyWriter(arrays.images_path(folder, split), (channels, size, size), np.uint8) as writer:
        for block in decode_all(images, read, found):
            writer.append(np.stack([pixels for _, pixels in block]))
            labels += [numbers.get(image.label, 0) for image, _ in block]
    written = np.array(labels, np.int64)
    if classes:
        np.save(arrays.labels_path(folder, split), written)
    return written


def check_counts(
    train: int, test: int, block: str, *, least: tuple[int, int] = (2, 1), what: str = ""
) -> None:
    """Raise GanpipeError where there are fewer images than ``least``; ``what`` says of which, and
    ``block`` is the dataset's, such as ``datasets.folder``."""
    if train < least[0] or test < least[1]:
        divided = (
            f", or divide them otherwise: by folders train and test, or {block}.test_fraction "
            "where there are none"
        )
        raise GanpipeError(
            f"the folder gives {train} training and {test} test images{what}, but at least "
            f"{least[0]} and {least[1]} are needed; add images"
            f"{divided if train + test >= sum(least) else ''}"
        )
