"""Images that were made elsewhere, to be judged as they are: a folder, an archive, an .npz."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire.collect import check_file, copy_images, is_hidden, walk
from ganpipe.data.prepare.images import DamagedImageError, decode_as_it_is
from ganpipe.storage.npz import IMAGES, open_npz

SUFFIXES = frozenset(  # those that pytorch-fid reads
    {".bmp", ".jpg", ".jpeg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
PIECE = 250  # images decoded at a time, or fewer:
PIECE_BYTES = 1 << 26  # of pixels, but for a single image that is larger


@dataclass(frozen=True)
class Images:
    """Images of one size: files that are decoded when they are needed, or an array."""

    source: Path
    files: list[Path] | np.ndarray  # (N, H, W, C) uint8 where it is an array

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of each; of files as the first says, which :meth:`pieces` holds others to."""
        if isinstance(self.files, np.ndarray):
            _, height, width, channels = self.files.shape
            return channels, height, width
        channels, height, width = _decode(self.files[0]).shape
        return channels, height, width

    def pieces(self, order: np.ndarray) -> Iterator[np.ndarray]:
        """uint8 (n, C, H, W), a few at a time, in the ``order`` of positions among the names.

        Raises GanpipeError, with the file's name, for a damaged image or one of another size.
        """
        at_once = min(PIECE, max(1, PIECE_BYTES // prod(self.shape)))
        for start in range(0, len(order), at_once):
            chosen = order[start : start + at_once]
            if isinstance(self.files, np.ndarray):
                yield self.files[chosen].transpose(0, 3, 1, 2)
            else:
                yield np.stack([self._decode_alike(self.files[index]) for index in chosen])

    def _decode_alike(self, file: Path) -> np.ndarray:
        image = _decode(file)
        if image.shape != self.shape:
            raise GanpipeError(
                f"{file} is {_size(image.shape)}, but {self.files[0].name} is "
                f"{_size(self.shape)}; only images of one size can be judged together"
            )
        return image


def _decode(file: Path) -> np.ndarray:
    try:
        return decode_as_it_is(file)
    except DamagedImageError as error:
        raise GanpipeError(f"{file} cannot be judged: {error}; mend or remove it") from None


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
        yield Images(source, _list(source, source))
        return
    check_file(source)
    if source.suffix.lower() == ".npz":
        yield Images(source, _read_npz(source))
    else:
        with TemporaryDirectory(prefix="ganpipe-") as temporary:
            unpacked = Path(temporary)
            with redirect_stdout(sys.stderr):  # stdout is for the figures alone
                copy_images(source, unpacked, SUFFIXES)
            yield Images(source, _list(unpacked, source))


def _list(folder: Path, source: Path) -> list[Path]:
    files = sorted(
        folder / inside
        for inside in walk(folder)
        if inside.suffix.lower() in SUFFIXES and not is_hidden(inside)
    )
    for file in files:
        check_file(file)
    if not files:
        raise GanpipeError(f"{source} holds no images ({', '.join(sorted(SUFFIXES))})")
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
