"""Images that were made elsewhere, to be evaluated as they are: a folder, an archive, an .npz."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire.collect import check_file, copy_images, walk
from ganpipe.data.image_files import Census, suffixes
from ganpipe.data.prepare.images import decode_as_it_is, is_grey
from ganpipe.data.prepare.notes import DamagedImageError, Notes
from ganpipe.storage.npz import IMAGES, open_npz

log = logging.getLogger(__name__)

PIECE = 250  # images decoded at a time, or fewer:
PIECE_BYTES = 1 << 26  # of pixels, but for a single image that is larger


@dataclass(frozen=True)
class Images:
    """Images of one size: files that are decoded when they are needed, or an array.

    Where one of the files is in colour, grey ones are given as RGB of three equal channels.
    """

    source: Path
    files: list[Path] | np.ndarray  # (N, H, W, C) uint8 where it is an array
    wanted: int | None = None  # channels that an extractor takes; None: those of the files
    _told: set[str] = field(default_factory=set)  # what was logged, of views of the same files too

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of each; H and W of files as the first says, which :meth:`pieces` holds the
        others to."""
        if isinstance(self.files, np.ndarray):
            _, height, width, channels = self.files.shape
            return self.wanted or channels, height, width
        _, height, width = self._decode(self.files[0], Notes()).shape
        if self.wanted:
            return self.wanted, height, width
        return 1 if all(map(self._is_grey, self.files)) else 3, height, width

    def for_channels(self, taken: tuple[int, ...]) -> Images:
        """The same images as an extractor that takes images of ``taken`` channels is shown them.

        Grey is lifted to RGB where it takes RGB alone; RGB is taken for grey where it takes grey
        alone and the first image has three equal channels: then :meth:`pieces` raises GanpipeError
        for one that has not. Everything else is left as it is.
        """
        if self.shape[0] in taken:
            return self
        if self.shape[0] == 1 and 3 in taken:
            return replace(self, wanted=3)
        if self.shape[0] == 3 and 1 in taken and _is_colourless(self._at(0, Notes())):
            return replace(self, wanted=1)
        return self

    def pieces(self, order: np.ndarray) -> Iterator[np.ndarray]:
        """uint8 (n, C, H, W), a few at a time, in the ``order`` of positions among the names.

        Raises GanpipeError, with the file's name, for a damaged image or one of another size.
        """
        notes = Notes()
        at_once = min(PIECE, max(1, PIECE_BYTES // prod(self.shape)))
        for start in range(0, len(order), at_once):
            chosen = order[start : start + at_once]
            yield np.stack([self._alike(index, notes) for index in chosen])
        self._tell(notes)

    def _alike(self, index: int, notes: Notes) -> np.ndarray:
        """One image in the channels and of the size of all."""
        image = self._at(index, notes)
        channels, *size = self.shape
        if list(image.shape[1:]) != size:
            raise GanpipeError(
                f"{self._name(index)} is {_size(image.shape)}, but {Path(self._name(0)).name} is "
                f"{_size(self.shape)}; only images of one size can be evaluated together"
            )
        if len(image) == channels:
            return image
        if channels == 3:
            return np.repeat(image, 3, axis=0)
        if not _is_colourless(image):
            raise GanpipeError(
                f"{self._name(index)} is in colour, but the extractor takes grey images alone; "
                "make the images grey, or name an extractor that takes colours"
            )
        return image[:1]

    def _at(self, index: int, notes: Notes) -> np.ndarray:
        """(C, H, W) of one image as it is stored."""
        if isinstance(self.files, np.ndarray):
            return self.files[index].transpose(2, 0, 1)
        return self._decode(self.files[index], notes)

    def _name(self, index: int) -> str:
        if isinstance(self.files, np.ndarray):
            return f"image {index} of {self.source}"
        return str(self.files[index])

    def _decode(self, file: Path, notes: Notes) -> np.ndarray:
        with _named(file):
            return decode_as_it_is(file, notes)

    def _is_grey(self, file: Path) -> bool:
        with _named(file):
            return is_grey(file)

    def _tell(self, notes: Notes) -> None:
        """Log what decoding came across, once."""
        darkness = notes.darkness() and f"{notes.darkness()}; scale them to the full range"
        for level, text in ((logging.INFO, notes.frames()), (logging.WARNING, darkness)):
            if text and text not in self._told:
                self._told.add(text)
                log.log(level, f"{self.source}: {text}")


def _is_colourless(image: np.ndarray) -> bool:
    """Whether the channels of a (C, H, W) image are all equal."""
    return bool((image == image[:1]).all())


@contextmanager
def _named(file: Path) -> Iterator[None]:
    try:
        yield
    except DamagedImageError as error:
        raise GanpipeError(f"{file} cannot be evaluated: {error}; mend or remove it") from None


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]} x {shape[1]} pixels of {shape[0]} channels"


@contextmanager
def open_images(source: Path) -> Iterator[Images]:
    """The images of a folder (and the folders below), of an archive, which is unpacked for the
    while, or of an .npz whose `images` or `arr_0` are uint8 (N, H, W, C).

    Raises GanpipeError where there are none.
    """
    if not source.exists():
        raise GanpipeError(f"{source} does not exist; name a folder, an archive or an .npz")
    if source.is_dir():
        census = Census(source)
        files = _list(source, census)
        census.report()
        yield Images(source, files)
        return
    check_file(source)
    if source.suffix.lower() == ".npz":
        yield Images(source, _read_npz(source))
    else:
        with TemporaryDirectory(prefix="ganpipe-") as temporary:
            unpacked = Path(temporary)
            copy_images(source, unpacked)
            yield Images(source, _list(unpacked, Census(source)))


def _list(folder: Path, census: Census) -> list[Path]:
    files = sorted(folder / inside for inside in walk(folder) if census.takes(inside))
    for file in files:
        check_file(file)
    if not files:
        raise GanpipeError(f"{census.source} holds no images ({', '.join(sorted(suffixes()))})")
    return files


def _read_npz(path: Path) -> np.ndarray:
    try:
        with open_npz(path) as content:
            name = next((name for name in IMAGES if name in content), IMAGES[0])
            images = content[name]
    except ValueError as error:
        wanted = " or ".join(f"`{name}`" for name in IMAGES)
        raise GanpipeError(f"{path} holds no whole array {wanted} ({error})") from None
    fits = images.ndim == 4 and images.shape[3] in (1, 3) and 0 not in images.shape
    if images.dtype != np.uint8 or not fits:
        raise GanpipeError(
            f"`{name}` in {path} must be uint8 (N, H, W, 1 or 3), not {images.dtype} {images.shape}"
        )
    return images
