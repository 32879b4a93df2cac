"""Translate a user's pictures for ``ganpipe generate --input``: names kept, any size."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire.collect import check_file, walk
from ganpipe.data.image_files import Census, suffixes
from ganpipe.data.prepare.images import decode_as_it_is
from ganpipe.data.prepare.notes import DamagedImageError
from ganpipe.data.source.pixels import luma

if TYPE_CHECKING:
    from ganpipe.sampling.trained import Trained

SMALLEST = 8  # pixels a side of a picture


def translate_folder(trained: Trained, source: Path, out: Path) -> int:
    """Write the translation of every picture in the folder ``source``, and in the folders below,
    to the new or empty folder ``out``, under its own name and as a PNG; how many there were.

    All are written or none. Raises GanpipeError where there are no pictures, where one is damaged
    or too small, and where two would get one name.
    """
    names = _pictures(source)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        folder = Path(temporary) / "images"
        for picture, target in tqdm(names.items(), unit="image", disable=None):
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            _save(path, trained.translate(_decoded(source / picture, trained)))
        folder.replace(out)
    return len(names)


def _pictures(source: Path) -> dict[Path, Path]:
    """The pictures below ``source``, each with the name of its translation, both relative."""
    if not source.is_dir():
        raise GanpipeError(f"--input is {source}, which is no folder; name a folder of pictures")
    census = Census(source)
    found = sorted(Path(inside) for inside in walk(source) if census.takes(inside))
    census.report()
    if not found:
        raise GanpipeError(f"{source} holds no images ({', '.join(sorted(suffixes()))})")
    taken: dict[Path, Path] = {}
    for picture in found:
        check_file(source / picture)
        target = picture.with_suffix(".png")
        if target in taken:
            raise GanpipeError(
                f"{source / taken[target]} and {source / picture} would both become {target}; "
                "rename one"
            )
        taken[target] = picture
    return {picture: target for target, picture in taken.items()}


def _decoded(file: Path, trained: Trained) -> np.ndarray:
    """A picture as uint8 (1, H, W, C), with as many channels as the model translates."""
    try:
        pixels = decode_as_it_is(file)[None]
    except DamagedImageError as error:
        raise GanpipeError(f"{file} cannot be translated: {error}; mend or remove it") from None
    if min(pixels.shape[2:]) < SMALLEST:
        raise GanpipeError(
            f"{file} has {pixels.shape[3]} x {pixels.shape[2]} pixels; pictures need at least "
            f"{SMALLEST} a side"
        )
    channels = trained.picture_channels
    if pixels.shape[1] > channels:
        pixels = np.rint(luma(pixels)).astype(np.uint8)
    return np.repeat(pixels, channels // pixels.shape[1], axis=1).transpose(0, 2, 3, 1)


def _save(path: Path, images: np.ndarray) -> None:
    from ganpipe.sampling.grids import as_picture

    as_picture(images[0]).save(path, format="PNG")
