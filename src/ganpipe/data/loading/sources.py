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
    if not spec_path(folder).exists():
        raise _missing(spec_path(folder))
    spec = load_spec(folder)
    if spec.source is None:
        raise _damaged(folder, "it describes no source")
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
    return _load(source_path(folder, split), (count, *spec.source.native_shape), np.uint8)


def load_rows(folder: Path, side: Side) -> np.ndarray:
    """The rows of the prepared training images on one side of an unpaired model, int64 (n,)."""
    path = rows_path(folder, side)
    rows = _load(path, None, np.int64)
    if side == "target" and len(rows) != load_spec(folder).num_train:
        raise _damaged(folder, f"{path.name} has {len(rows)} rows")
    return rows


def source_of(spec: DataSpec) -> Domain:
    """The domain that is translated from. Raises GanpipeError of a dataset that has none."""
    if spec.source is None:
        raise GanpipeError(
            f"the dataset '{spec.name}' has no source images to translate; the stage '{STAGE}' "
            "writes them: run `dvc repro`"
        )
    return spec.source


def _load(path: Path, shape: tuple[int, ...] | None, dtype: type[np.generic]) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise _missing(path) from None
    except (ValueError, EOFError) as error:
        raise _damaged(path.parent, str(error)) from None
    if array.dtype != dtype or (array.shape != shape and (shape or array.ndim != 1)):
        raise _damaged(path.parent, f"{path.name} holds {array.dtype} {array.shape}")
    return array


def _damaged(folder: Path, what: str) -> GanpipeError:
    return GanpipeError(f"{folder} is damaged ({what}); delete it and run `dvc repro source`")


def _missing(path: Path) -> GanpipeError:
    return GanpipeError(
        f"{path} is missing; the stage '{STAGE}' writes it for a model that translates: run "
        "`dvc repro`"
    )
