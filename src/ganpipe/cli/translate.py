"""Translate a user's pictures for ``ganpipe generate --input``: names kept, any size."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from ganpipe.cli.places import filled_folder
from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire.collect import check_file, walk
from ganpipe.data.image_files import Census, suffixes
from ganpipe.data.prepare.images import decode_as_it_is
from ganpipe.data.prepare.notes import DamagedImageError, Levels, NoRangeError, Notes
from ganpipe.data.source.pixels import luma

if TYPE_CHECKING:
    from ganpipe.sampling.trained import Trained

log = logging.getLogger(__name__)


def translate_folder(
    trained: Trained, source: Path, out: Path, *, given: Sequence[int] | None = None
) -> int:
    """Write the translation of every picture in the folder ``source``, and in the folders below,
    to the new or empty folder ``out``, under its own name and as a PNG; how many there were.

    Grey of more than 8 bits is scaled as the pictures that the model was trained on, or where
    ``given``, from those values of black and white. All are written or none. Raises GanpipeError
    where there are no pictures, where one is damaged or too small, and where two would get one
    name.
    """
    names = _pictures(source)
    trained_on = levels_of(trained.provenance)
    levels = trained_on if given is None else (given[0], given[1])
    notes = Notes()
    with filled_folder(out) as folder:
        for picture, target in tqdm(names.items(), unit="image", disable=None):
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            _save(path, trained.translate(_decoded(source / picture, trained, levels, notes)))
    _tell(notes, source, levels, is_given=given is not None)
    return len(names)


def levels_of(provenance: Mapping[str, Any]) -> Levels | None:
    """Black and white of the grey pictures of more than 8 bits that a model was trained on; None
    where its weights file holds none, or nothing that makes sense."""
    match provenance.get("range"):
        case [int(black), int(white)] if black < white:
            return black, white
    return None


def _tell(notes: Notes, source: Path, levels: Levels | None, *, is_given: bool) -> None:
    """Log what a person should know of how the pictures were decoded."""
    if frames := notes.frames():
        log.info(f"{source}: {frames}")
    if darkness := notes.darkness():
        log.warning(
            f"{source}: {darkness}; name the values that are black and white, such as --range 0 "
            f"{notes.white()}"
        )
    if is_given and not notes.scaled:
        log.warning("--range changes nothing: no picture is grey of more than 8 bits")
    if levels and not is_given and notes.scaled:
        log.info(
            f"{source}: pictures of more than 8 bits are scaled as those of the training, from "
            f"{levels[0]} to {levels[1]}; --range names other values"
        )


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


def _decoded(file: Path, trained: Trained, levels: Levels | None, notes: Notes) -> np.ndarray:
    """A picture as uint8 (1, H, W, C), with as many channels as the model translates."""
    from ganpipe.sampling.trained import too_small

    try:
        pixels = decode_as_it_is(file, notes, levels=levels)[None]
    except NoRangeError as error:
        raise GanpipeError(
            f"{file} cannot be translated: {error}; say it with --range BLACK WHITE"
        ) from None
    except DamagedImageError as error:
        raise GanpipeError(f"{file} cannot be translated: {error}; mend or remove it") from None
    if small := too_small(*pixels.shape[2:]):
        raise GanpipeError(f"{file} has {small}")
    channels = trained.picture_channels
    if pixels.shape[1] > channels:
        pixels = np.rint(luma(pixels)).astype(np.uint8)
    return np.repeat(pixels, channels // pixels.shape[1], axis=1).transpose(0, 2, 3, 1)


def _save(path: Path, images: np.ndarray) -> None:
    from ganpipe.sampling.grids import as_picture

    as_picture(images[0]).save(path, format="PNG")
