"""The user's own pictures as sources: those that lie beside the prepared images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ganpipe.data.loading import arrays, sources
from ganpipe.data.source.config import Folder
from ganpipe.data.source.halves import halve
from ganpipe.data.spec import DataSpec
from ganpipe.storage.files import write_json
from ganpipe.storage.npy import NpyWriter, read_npy

BLOCK = 1024  # pictures in memory at once


def write_given(config: Folder, prepared: Path, folder: Path) -> None:
    """Write the source pictures of ``prepared`` to ``folder``.

    Without ``config.paired`` pairs are halved as those of every other source, and the truth of the
    test pictures is known to the evaluation alone. Pictures that are no pairs are all used; there
    is no truth, and the number of test images in the description is that of the sources. Raises
    GanpipeError where ``prepared`` holds no source pictures, or damaged ones.
    """
    spec = arrays.load_spec(prepared)
    train, test = (_load(spec, prepared, split) for split in ("train", "test"))
    rows, truth = np.arange(len(train)), spec.paired
    if not truth:
        np.save(sources.rows_path(folder, "source"), rows)
        np.save(sources.rows_path(folder, "target"), np.arange(spec.num_train))
        spec = replace(spec, num_test=len(test))
    elif not config.paired:
        rows = halve(len(train), config.seed, folder)
        target = replace(spec.target, class_counts=())  # of all images, not of the half
        spec = replace(spec, target=target, num_train=len(train) - len(rows), paired=False)
    _copy(train, rows, sources.source_path(folder, "train"))
    _copy(test, np.arange(len(test)), sources.source_path(folder, "test"))
    write_json(arrays.spec_path(folder), spec.to_dict())
    about = config.model_dump(mode="json") | {"drawn": False, "truth": truth}
    write_json(sources.about_path(folder), about)


def _load(spec: DataSpec, prepared: Path, split: arrays.SplitName) -> np.ndarray:
    """Source pictures of a split, uint8 (N, C, h, w), memory-mapped."""
    path, shape = sources.source_path(prepared, split), sources.source_of(spec).native_shape
    return read_npy(path, arrays.STAGE, (None, *shape), np.uint8, mmap=True)


def _copy(pictures: np.ndarray, rows: np.ndarray, path: Path) -> None:
    with NpyWriter(path, pictures.shape[1:], np.uint8) as writer:
        for start in range(0, len(rows), BLOCK):
            writer.append(pictures[rows[start : start + BLOCK]])
