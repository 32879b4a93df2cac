"""Images and statistics from elsewhere, for the command `ganpipe score`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.core.names import nearest
from ganpipe.data.config import DatasetName
from ganpipe.evaluation.image_source import Images, open_images
from ganpipe.evaluation.reference import (
    Reference,
    about,
    fixed_order,
    load_reference,
    make_reference,
)
from ganpipe.evaluation.statistics import collect
from ganpipe.features.extractor import Extractor
from ganpipe.storage.files import sha256_of
from ganpipe.storage.npz import IMAGES, arrays_in

log = logging.getLogger(__name__)


def check_enough(images: Images) -> None:
    """Raise GanpipeError for fewer than two images."""
    if len(images) < 2:
        raise GanpipeError(
            f"{images.source} holds {len(images)} image; a covariance needs two at least"
        )


def reference_for(
    text: str, extractor: Extractor, *, max_features: int, batch_size: int, fid_only: bool
) -> tuple[Reference, dict[str, str]]:
    """Statistics of the real images that ``text`` names, and a record of the file they are from.

    ``text`` is a dataset whose statistics the project has, an .npz with them, or a folder, an
    archive or an .npz of images. Raises GanpipeError where it is none of these.
    """
    path = Path(text)
    if text in get_args(DatasetName) and not path.exists():
        path = paths.REFERENCE / f"{extractor.name}.npz"
        reference = load_reference(path)
        if (there := reference.protocol.get("dataset")) != text:
            raise GanpipeError(
                f"{paths.REFERENCE} holds statistics of {there}, not of {text}; make them with "
                f"`dvc exp run -S dataset={text} reference`"
            )
        return reference, _file(path)
    if path.suffix.lower() == ".npz" and path.is_file():
        held = arrays_in(path)
        if {"mu", "sigma"} <= held and set(IMAGES) & held:
            log.info(f"{path} holds images and their statistics; mu and sigma are taken")
            return load_reference(path), {**_file(path), "statistics_taken": "mu and sigma"}
        if not set(IMAGES) & held:
            return load_reference(path), _file(path)  # which says what is wrong with a damaged one
    if not path.exists():
        near = nearest(text, get_args(DatasetName), "datasets")
        raise GanpipeError(
            f"{path} does not exist; name a folder, an archive, an .npz or a dataset ({near})"
        )
    with open_images(path) as images:
        check_enough(images)
        statistics = collect(
            extractor,
            stream(images.for_channels(extractor.channels)),
            num=len(images),
            max_features=max_features,
            batch_size=batch_size,
        )
        source = {"source": text, **size_of(images)}
        if fid_only:
            record = {**about(extractor, statistics), **source}
            return Reference(statistics.gaussian(), record), {}
        return make_reference(extractor, statistics, source), {}


def _file(path: Path) -> dict[str, str]:
    return {"statistics": path.name, "statistics_sha256": sha256_of(path)}


def size_of(images: Images) -> dict[str, Any]:
    """Size and channels, for a protocol."""
    channels, height, width = images.shape
    return {"image_size": f"{width} x {height}", "channels": channels}


def warn_if_resized(size: dict[str, Any], real: dict[str, Any]) -> None:
    """Log that the extractor resizes the two sides from different sizes, where that is known."""
    theirs = real.get("image_size", size["image_size"])
    if isinstance(theirs, int):  # pixels a side, as the stage `reference` writes
        theirs = f"{theirs} x {theirs}"
    if theirs != size["image_size"]:
        log.warning(
            f"the images are {size['image_size']} pixels, the real ones were {theirs}; "
            "figures of images resized from another size are worse"
        )


def stream(images: Images) -> Iterator[Tensor]:
    """uint8 (n, C, h, w) pieces of all images, in one fixed random order, with a bar on stderr."""
    with tqdm(total=len(images), unit="image", disable=None, leave=False) as bar:
        # Folders are sorted by class, and blocks and the first features must be fair samples.
        for piece in images.pieces(fixed_order(len(images))):
            yield torch.from_numpy(np.ascontiguousarray(piece))
            bar.update(len(piece))
