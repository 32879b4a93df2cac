"""The user's images in data/raw: their splits and classes, and how they become arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from ganpipe.core.errors import GanpipeError
from ganpipe.data.config import FolderDataset
from ganpipe.data.loading import arrays
from ganpipe.data.prepare.images import DamagedImageError, decode
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.storage.npy import NpyWriter

SLICE = 64  # images decoded by one thread before it reports
MIN_TRAIN, MIN_TEST = 2, 1
NAMED = 20  # damaged images named in a message


class Image(NamedTuple):
    """One image and where it belongs."""

    name: str  # relative to data/raw
    label: str  # its class; empty where there are none


def write(config: FolderDataset, raw: Path, folder: Path) -> tuple[DataSpec, int]:
    """Decode the images of ``raw`` and write them to ``folder``.

    Returns their description and the number of damaged images that were skipped. Raises
    GanpipeError where images are damaged and not to be skipped, or too few.
    """
    splits = find_splits(raw, config.test_fraction)
    classes = tuple(sorted({image.label for image in splits["train"] if image.label}))
    damaged: list[str] = []
    counts: dict[str, int] = {}
    class_counts: dict[str, tuple[int, ...]] = {}
    for split in ("train", "test"):
        labels: list[int] = []
        shape = (config.channels, config.image_size, config.image_size)
        with NpyWriter(arrays.images_path(folder, split), shape, np.uint8) as writer:
            for images, block in _decode_all(raw, splits[split], config, damaged):
                writer.append(block)
                labels += [classes.index(image.label) for image in images if classes]
        counts[split] = writer.rows
        written = np.array(labels, np.int64)
        class_counts[split] = arrays.count_classes(written, classes)
        if classes:
            np.save(arrays.labels_path(folder, split), written)
    if damaged and not config.skip_damaged:
        raise GanpipeError(_damage_report(damaged))
    _check_counts(counts["train"], counts["test"])
    size = config.image_size
    domain = Domain(config.channels, size, size, classes, class_counts["train"])
    return DataSpec("folder", domain, counts["train"], counts["test"]), len(damaged)


def find_splits(raw: Path, test_fraction: float) -> dict[str, list[Image]]:
    """The images of `train` and `test`, sorted by name.

    A single folder at the top that holds everything is looked through. Then ``train/`` and
    ``test/`` are the splits where both are there; otherwise each image is held out or not by a
    hash of its name, so that it stays where it is when others come. Folders below are classes;
    a single class is none.
    """
    names = sorted(path.relative_to(raw).as_posix() for path in raw.rglob("*") if path.is_file())
    if not names:
        raise GanpipeError(f"{raw} holds no images; the stage 'download' fills it: run `dvc repro`")
    root = ""
    while (top := {_top(name, root) for name in names}) != {""} and len(top) == 1:
        root += f"{top.pop()}/"
    if top >= {"train", "test"}:
        splits = {split: _label(names, f"{root}{split}/") for split in ("train", "test")}
        if unused := len(names) - sum(map(len, splits.values())):
            print(f"{unused:,} images outside train/ and test/ are not used")
    else:
        held_out = _held_out(names, root, test_fraction)
        splits = {"train": [], "test": []}
        for image in _label(names, root):
            splits["test" if image.name in held_out else "train"].append(image)
    return _check_classes(splits)


def _top(name: str, root: str) -> str:
    """The first folder of ``name`` below ``root``; empty for an image right there."""
    first, slash, _ = name.removeprefix(root).partition("/")
    return first if slash else ""


def _label(names: Sequence[str], root: str) -> list[Image]:
    """The images below ``root``, with the folder right below it as their class."""
    images = [Image(name, _top(name, root)) for name in names if name.startswith(root)]
    classes = {image.label for image in images}
    if len(classes) > 1 and "" in classes:
        stray = next(image.name for image in images if not image.label)
        raise GanpipeError(
            f"subfolders are classes, but {stray} lies in none of them; "
            "put every image into a subfolder, or none"
        )
    return images


def _check_classes(splits: dict[str, list[Image]]) -> dict[str, list[Image]]:
    """Without labels where there are fewer than two classes; else both splits must agree."""
    train, test = ({image.label for image in splits[split]} for split in ("train", "test"))
    if len(train | test) < 2:
        return {split: [Image(image.name, "") for image in splits[split]] for split in splits}
    if unknown := sorted(test - train):
        what = f"of the class {unknown[0]}" if unknown[0] else "without a class"
        raise GanpipeError(
            f"there are test images {what} but no such training images; add some, or give "
            "train/ and test/ the same subfolders"
        )
    return splits


def _held_out(names: Sequence[str], root: str, fraction: float) -> set[str]:
    """Names whose hash, as a number in [0, 1), is below ``fraction``; at least one."""
    place = {name: _hash_of(name.removeprefix(root)) for name in names}
    return {name for name in names if place[name] < fraction} or {min(names, key=place.__getitem__)}


def _hash_of(name: str) -> float:
    return int.from_bytes(sha256(name.encode()).digest()[:6], "big") / 2**48


def _decode_all(
    raw: Path, images: Sequence[Image], config: FolderDataset, damaged: list[str]
) -> Iterator[tuple[list[Image], np.ndarray]]:
    """Blocks of decoded images (n, C, H, W) uint8; what can't be decoded goes to ``damaged``."""
    slices = [images[start : start + SLICE] for start in range(0, len(images), SLICE)]
    at_once = os.cpu_count() or 1
    bar = tqdm(total=len(images), unit="img", desc="decode", disable=None, leave=False)
    # Threads suffice, as Pillow lets go of the interpreter while it decodes and resizes.
    with bar, ThreadPoolExecutor(at_once) as pool:
        for start in range(0, len(slices), at_once):
            load = partial(_decode_slice, raw, config)
            for good, arrays, bad in pool.map(load, slices[start : start + at_once]):
                bar.update(len(good) + len(bad))
                damaged += bad
                if good:
                    yield good, np.stack(arrays)


def _decode_slice(
    raw: Path, config: FolderDataset, images: Sequence[Image]
) -> tuple[list[Image], list[np.ndarray], list[str]]:
    """The images that could be decoded, their arrays, and a line for each that could not."""
    good, arrays, bad = [], [], []
    for image in images:
        try:
            arrays.append(decode(raw / image.name, config.image_size, config.channels))
            good.append(image)
        except DamagedImageError as error:
            bad.append(f"{image.name}: {error}")
    return good, arrays, bad


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
            f"and {MIN_TEST} are needed; add images or change datasets.folder.test_fraction"
        )
