"""Reader of the user's own pictures to translate, and of what they should become, in data/raw.

The images of data/prepared are those of the side that is made, as of every dataset; the pictures of
the other side lie beside them, for the stage `source`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ganpipe.core.errors import GanpipeError
from ganpipe.data.config import PairsDataset
from ganpipe.data.loading import arrays, sources
from ganpipe.data.prepare.decoding import Found, decode_all, levels, report
from ganpipe.data.prepare.folder import SPLITS, check_counts
from ganpipe.data.prepare.images import decode, decode_halves, upright_size
from ganpipe.data.prepare.layout import file_by_file
from ganpipe.data.prepare.notes import DamagedImageError, Notes
from ganpipe.data.prepare.pair_layout import LEAST, SIDES, Item, Layout, Side, find_pairs
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.storage.npy import NpyWriter

ENDS: dict[str, tuple[Side, Side]] = {"a_to_b": ("a", "b"), "b_to_a": ("b", "a")}
Pixels = tuple[np.ndarray, ...]  # (C, size, size) uint8 of each side of an item


def write(config: PairsDataset, raw: Path, folder: Path) -> tuple[DataSpec, int]:
    """Decode the pictures of ``raw`` and write both sides to ``folder``.

    Returns their description and the number of items that were skipped (pairs, or pictures without
    pairs) because a file of theirs is damaged. Raises GanpipeError as
    :func:`~ganpipe.data.prepare.pair_layout.find_pairs` does, for partners of other proportions,
    for files that cannot hold two sides, and where pictures are damaged or too few.
    """
    source, target = ENDS[config.direction]
    layout = find_pairs(raw, config.test_fraction, paired=config.paired)
    if config.paired:
        _check_shapes(layout, raw)
    reader = _Reader(config, raw, layout.side_by_side)
    good: dict[tuple[Side, arrays.SplitName], list[Item]] = {}
    for group in layout.groups:
        for split in SPLITS:
            places = {source: sources.source_path, target: arrays.images_path}
            files = {side: places[side](folder, split) for side in group.sides}
            items = reader.write(group.splits[split], files)
            good |= dict.fromkeys([(side, split) for side in group.sides], items)
    report(reader.found, config, "datasets.pairs")
    for side in SIDES:
        train, test = (len(good[side, split]) for split in SPLITS)
        check_counts(train, test, "datasets.pairs", least=LEAST, what=f" of {side.upper()}")
    size, channels = config.image_size, reader.channels
    classes, counts = _write_labels({split: good[target, split] for split in SPLITS}, folder)
    spec = DataSpec(
        "pairs",
        Domain(channels[target], size, size, classes, counts),
        len(good[target, "train"]),
        len(good[target, "test"]),
        source=Domain(channels[source], size, size),
        paired=config.paired,
        range=levels(config),
    )
    return spec, len(reader.found.damaged)


@dataclass
class _Reader:
    """Files of data/raw that become arrays, and what their decoding came across."""

    config: PairsDataset
    raw: Path
    side_by_side: bool
    found: Found = field(default_factory=Found)

    @property
    def channels(self) -> dict[Side, int]:
        return {"a": self.config.channels_a, "b": self.config.channels_b}

    def write(self, items: Sequence[Item], files: Mapping[Side, Path]) -> list[Item]:
        """Write each side of ``items`` to its file; returns those that were written."""
        size = self.config.image_size
        good: list[Item] = []

        def read(item: Item, notes: Notes) -> Pixels:
            return self._read(item, tuple(files), notes)

        with ExitStack() as stack:
            writers = [
                stack.enter_context(NpyWriter(file, (self.channels[side], size, size), np.uint8))
                for side, file in files.items()
            ]
            for block in decode_all(items, read, self.found):
                good += [item for item, _ in block]
                for writer, *pixels in zip(writers, *(each for _, each in block), strict=True):
                    writer.append(np.stack(pixels))
        return good

    def _read(self, item: Item, sides: tuple[Side, ...], notes: Notes) -> Pixels:
        """The sides of one item; raises DamagedImageError, with the name of a file."""
        size, given = self.config.image_size, levels(self.config)
        pixels: list[np.ndarray] = []
        for file, side in zip(item.files, sides, strict=False):  # one file may hold both
            path = self.raw / file
            try:
                if self.side_by_side:
                    both = (self.channels["a"], self.channels["b"])
                    return decode_halves(path, size, both, levels=given, notes=notes)
                pixels.append(decode(path, size, self.channels[side], levels=given, notes=notes))
            except DamagedImageError as error:
                raise DamagedImageError(f"{file}: {error}") from None
        return tuple(pixels)


def _check_shapes(layout: Layout, raw: Path) -> None:
    """Raise GanpipeError for partners of other proportions, and for files that are no two halves.

    Files whose header cannot be read are left to decoding, which names them.
    """
    wrong: list[str] = []
    for item in (
        item for group in layout.groups for split in SPLITS for item in group.splits[split]
    ):
        try:
            sizes = [upright_size(raw / file) for file in item.files]
        except DamagedImageError:
            continue
        (width, height), (other_width, other_height) = sizes[0], sizes[-1]
        halves = layout.side_by_side and not width % 2 and width > height
        alike = not layout.side_by_side and width * other_height == height * other_width
        if not (halves or alike):
            named = zip(item.files, sizes, strict=True)
            wrong.append(", ".join(f"{file}: {size[0]} x {size[1]} pixels" for file, size in named))
    if wrong and layout.side_by_side:
        raise GanpipeError(
            f"no folder is a side, so that each picture holds A and B side by side; {len(wrong):,} "
            f"cannot, being of odd width or not wider than high:{file_by_file(wrong)}\nRemove "
            "them, or put A and B into folders of their own."
        )
    if wrong:
        count = "a pair has" if len(wrong) == 1 else f"{len(wrong):,} pairs have"
        raise GanpipeError(
            f"{count} other proportions on either side, so that they do not match once they are "
            f"resized and cropped:{file_by_file(wrong)}\nCrop them alike, or remove them."
        )


def _write_labels(
    splits: Mapping[arrays.SplitName, Sequence[Item]], folder: Path
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Write the labels of the made side; returns its classes and how many of each are trained on,
    nothing where there are no classes."""
    classes = tuple(sorted({item.label for item in splits["train"] if item.label}))
    if not classes:
        return (), ()
    labels = {
        split: np.array([classes.index(item.label) for item in items], np.int64)
        for split, items in splits.items()
    }
    for split in SPLITS:
        np.save(arrays.labels_path(folder, split), labels[split])
    return classes, arrays.count_classes(labels["train"], classes)
