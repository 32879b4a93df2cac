"""Decode the user's own images in threads, and say what was come across."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from tqdm import tqdm

from ganpipe.core.errors import GanpipeError
from ganpipe.data.config import OwnImages
from ganpipe.data.prepare.layout import file_by_file
from ganpipe.data.prepare.notes import DamagedImageError, Levels, Notes
from ganpipe.runtime.cores import cores

log = logging.getLogger(__name__)

SLICE = 64  # items decoded by one thread before it reports

Item = TypeVar("Item")  # a file, or several that belong together
Decoded = TypeVar("Decoded")


@dataclass
class Found:
    """Notes and damage that decoding came across, of one or several slices."""

    notes: Notes = field(default_factory=Notes)
    damaged: list[str] = field(default_factory=list)  # a line for each item without pixels


def levels(config: OwnImages) -> Levels | None:
    """The values that become black and white, where they are given."""
    return None if config.range is None else (config.range[0], config.range[1])


def decode_all(
    items: Sequence[Item], decode: Callable[[Item, Notes], Decoded], found: Found
) -> Iterator[list[tuple[Item, Decoded]]]:
    """Blocks of items, each with what ``decode`` makes of it, in their order.

    An item for which it raises DamagedImageError is left out and, like all notes, kept in
    ``found``.
    """

    def decode_slice(part: Sequence[Item]) -> tuple[list[tuple[Item, Decoded]], Found]:
        good: list[tuple[Item, Decoded]] = []
        more = Found()
        for item in part:
            try:
                good.append((item, decode(item, more.notes)))
            except DamagedImageError as error:
                more.damaged.append(str(error))
        return good, more

    slices = [items[start : start + SLICE] for start in range(0, len(items), SLICE)]
    at_once = len(cores())
    bar = tqdm(total=len(items), unit="img", desc="decode", disable=None, leave=False)
    # Threads suffice, as Pillow lets go of the interpreter while it decodes and resizes.
    with bar, ThreadPoolExecutor(at_once) as pool:
        for start in range(0, len(slices), at_once):
            for good, more in pool.map(decode_slice, slices[start : start + at_once]):
                bar.update(len(good) + len(more.damaged))
                found.damaged += more.damaged
                found.notes.add(more.notes)
                if good:
                    yield good


def report(found: Found, config: OwnImages, block: str) -> None:
    """Log what a person should know of how the images were decoded; ``block`` is the dataset's,
    such as ``datasets.folder``.

    Raises GanpipeError where images are damaged and not to be skipped.
    """
    if found.damaged and not config.skip_damaged:
        count = "an image" if len(found.damaged) == 1 else f"{len(found.damaged)} images"
        raise GanpipeError(
            f"{count} cannot be used:{file_by_file(found.damaged)}\n"
            f"Mend or remove them, or set {block}.skip_damaged to skip and count them."
        )
    notes = found.notes
    if frames := notes.frames():
        log.info(frames)
    if darkness := notes.darkness():
        upper = notes.white()
        log.warning(
            f"{darkness}; set {block}.range to the values that are black and white, such "
            f"as 0 and {upper} ({upper.bit_length()} bits)"
        )
    if config.range and not notes.scaled:
        log.warning(f"{block}.range changes nothing: no image is grey of more than 8 bits")
