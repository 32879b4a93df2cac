"""Reader of the user's own images in data/raw: from files to arrays."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ganpipe.core.errors import GanpipeError
from ganpipe.data.config import FolderDataset
from ganpipe.data.loading import arrays
from ganpipe.data.prepare.images import DamagedImageError, Levels, Notes, decode
from ganpipe.data.prepare.layout import Image, find_splits
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.runtime.cores import cores
from ganpipe.storage.npy import NpyWriter

log = logging.getLogger(__name__)

SLICE = 64  # images decoded by one thread before it reports
MIN_TRAIN, MIN_TEST = 2, 1
SPLITS: tuple[arrays.SplitName, ...] = ("train", "test")
NAMED = 20  # damaged images named in a message


@dataclass
class _Found:
    """Notes and damage that decoding came across, of one or several slices."""

    notes: Notes = field(default_factory=Notes)
    damaged: list[str] = field(default_factory=list)  # a line for each image without pixels


def write(config: FolderDataset, raw: Path, folder: Path) -> tuple[DataSpec, int]:
    """Decode the images of ``raw`` and write them to ``folder``.

    Returns their description and the number of damaged images that were skipped. Raises
    GanpipeError where images are damaged and not to be skipped, or too few.
    """
    splits = find_splits(raw, config.test_fraction)
    classes = tuple(sorted({image.label for image in splits["train"] if image.label}))
    found = _Found()
    train, test = (
        _write_split(
            split, splits[split], classes, config=config, raw=raw, folder=folder, found=found
        )
        for split in SPLITS
    )
    if found.damaged and not config.skip_damaged:
        raise GanpipeError(_damage_report(found.damaged))
    _check_counts(len(train), len(test))
    _say(found.notes, config)
    size = config.image_size
    counts = arrays.count_classes(train, classes) if classes else ()
    domain = Domain(config.channels, size, size, classes, counts)
    return DataSpec("folder", domain, len(train), len(test)), len(found.damaged)


def _write_split(
    split: arrays.SplitName,
    images: Sequence[Image],
    classes: tuple[str, ...],
    *,
    config: FolderDataset,
    raw: Path,
    folder: Path,
    found: _Found,
) -> np.ndarray:
    """Write the images of a split, and their labels where there are classes.

    Returns an int64 for each image that was written: its label, or 0 where there are no classes.
    """
    numbers = {label: number for number, label in enumerate(classes)}
    labels: list[int] = []
    shape = (config.channels, config.image_size, config.image_size)
    with NpyWriter(arrays.images_path(folder, split), shape, np.uint8) as writer:
        for good, block in _decode_all(raw, images, config=config, found=found):
            writer.append(block)
            labels += [numbers.get(image.label, 0) for image in good]
    written = np.array(labels, np.int64)
    if classes:
        np.save(arrays.labels_path(folder, split), written)
    return written


def _decode_all(
    raw: Path, images: Sequence[Image], *, config: FolderDataset, found: _Found
) -> Iterator[tuple[list[Image], np.ndarray]]:
    """Blocks of decoded images (n, C, H, W) uint8; what else was come across goes to ``found``."""
    slices = [images[start : start + SLICE] for start in range(0, len(images), SLICE)]
    at_once = len(cores())
    bar = tqdm(total=len(images), unit="img", desc="decode", disable=None, leave=False)
    # Threads suffice, as Pillow lets go of the interpreter while it decodes and resizes.
    with bar, ThreadPoolExecutor(at_once) as pool:
        for start in range(0, len(slices), at_once):
            load = partial(_decode_slice, raw, config)
            for good, decoded, more in pool.map(load, slices[start : start + at_once]):
                bar.update(len(good) + len(more.damaged))
                found.damaged += more.damaged
                found.notes.add(more.notes)
                if good:
                    yield good, np.stack(decoded)


def _decode_slice(
    raw: Path, config: FolderDataset, images: Sequence[Image]
) -> tuple[list[Image], list[np.ndarray], _Found]:
    """The images that could be decoded, their arrays, and what was come across."""
    good: list[Image] = []
    decoded: list[np.ndarray] = []
    found = _Found()
    size, channels, levels = config.image_size, config.channels, _levels(config)
    for image in images:
        try:
            path = raw / image.name
            decoded.append(decode(path, size, channels, levels=levels, notes=found.notes))
            good.append(image)
        except DamagedImageError as error:
            found.damaged.append(f"{image.name}: {error}")
    return good, decoded, found


def _levels(config: FolderDataset) -> Levels | None:
    return None if config.range is None else (config.range[0], config.range[1])


def _say(notes: Notes, config: FolderDataset) -> None:
    """Log what a person should know of how the images were decoded."""
    if frames := notes.frames():
        log.info(frames)
    if darkness := notes.darkness():
        upper = 2 ** notes.highest.bit_length() - 1
        log.warning(
            f"{darkness}; set datasets.folder.range to the values that are black and white, such "
            f"as 0 and {upper} ({upper.bit_length()} bits)"
        )
    if config.range and not notes.scaled:
        log.warning("datasets.folder.range changes nothing: no image is grey of more than 8 bits")


def _damage_report(damaged: Sequence[str]) -> str:
    count = "an image" if len(damaged) == 1 else f"{len(damaged)} images"
    lines = [f"{count} cannot be used:", *damaged[:NAMED]]
    if len(damaged) > NAMED:
        lines.append(f"and {len(damaged) - NAMED} more")
    return "\n  ".join(lines) + (
        "\nMend or remove them, or set datasets.folder.skip_damaged to skip and count them."
    )


def _check_counts(train: int, test: int) -> None:
    if train < MIN_TRAIN or test < MIN_TEST:
        raise GanpipeError(
            f"the folder gives {train} training and {test} test images, but at least {MIN_TRAIN} "
            f"and {MIN_TEST} are needed; add images"
        )
