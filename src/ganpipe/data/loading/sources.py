"""Reading what the stage `source` wrote: pictures to translate from, without torch.

Of a paired model, source image i of a split belongs to prepared image i. Of an unpaired one, the
rows of the training images on either side are stored; test images correspond nevertheless, but for
those of two sets that are no pairs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.arrays import SplitName, load_spec, spec_path
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.storage.files import read_json
from ganpipe.storage.npy import damaged, read_npy

Side = Literal["source", "target"]
SIDES: tuple[Side, Side] = ("source", "target")
STAGE = "source"


def source_path(folder: Path, split: SplitName) -> Path:
    """Path of the source images of a split."""
    return folder / f"{split}_source.npy"


def rows_path(folder: Path, side: Side) -> Path:
    """Path of the rows of the prepared training images on one side of an unpaired model."""
    return folder / f"train_rows_{side}.npy"


def about_path(folder: Path) -> Path:
    """Path of the fields that the source images were computed with."""
    return folder / "source.json"


def load_pairing(folder: Path) -> DataSpec:
    """Both domains and whether they are paired. Raises GanpipeError where the folder is missing,
    damaged, or of a model that draws from noise."""
    path = spec_path(folder)
    if not path.exists():
        raise GanpipeError(
            f"{path} is missing; the stage '{STAGE}' writes it for a model that translates: run "
            "`dvc repro`"
        )
    spec = load_spec(folder)
    if spec.source is None:
        raise damaged(path, "it describes no source")
    return spec


def load_about(folder: Path) -> dict[str, Any]:
    """The fields of the block `source` that the images were computed with, and ``drawn``: whether a
    target has many possible sources, one of which was drawn. Of the user's own pictures also
    ``truth``, see :func:`has_truth`."""
    about: dict[str, Any] = read_json(about_path(folder), STAGE)
    return about


def has_truth(folder: Path) -> bool:
    """Whether what the test pictures should become is known; not of two sets without pairs."""
    return bool(load_about(folder).get("truth", True))


def load_source_images(folder: Path, split: SplitName) -> np.ndarray:
    """Source images of a split, uint8 (N, C, h, w), memory-mapped.

    Raises GanpipeError where they are missing, damaged or do not fit ``spec.json``.
    """
    spec = load_pairing(folder)
    assert spec.source is not None
    if split == "test":
        count = spec.num_test
    else:
        count = spec.num_train if spec.paired else len(load_rows(folder, "source"))
    shape = (count, *spec.source.native_shape)
    return read_npy(source_path(folder, split), STAGE, shape, np.uint8, mmap=True)


def load_rows(folder: Path, side: Side) -> np.ndarray:
    """The rows of the prepared training images on one side of an unpaired model, int64 (n,)."""
    path = rows_path(folder, side)
    count = load_spec(folder).num_train if side == "target" else None
    return read_npy(path, STAGE, (count,), np.int64, mmap=True)


def source_of(spec: DataSpec) -> Domain:
    """The domain that is translated from. Raises GanpipeError of a dataset that has none."""
    if spec.source is None:
        raise GanpipeError(
            f"the dataset '{spec.name}' has no source images to translate; the stage '{STAGE}' "
            "writes them: run `dvc repro`"
        )
    return spec.source
