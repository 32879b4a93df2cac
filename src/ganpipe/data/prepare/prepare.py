"""From data/raw to uint8 arrays that can be memory-mapped, and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ganpipe.data.catalog import OFFICIAL
from ganpipe.data.config import DatasetConfig, PublicDataset
from ganpipe.data.loading import arrays
from ganpipe.data.prepare.build import reader
from ganpipe.data.prepare.public import write_public
from ganpipe.data.spec import DataSpec
from ganpipe.storage.files import atomic_folder, write_json

BLOCK = 1024  # images in memory at once


def prepare(name: str, config: DatasetConfig, raw: Path, prepared: Path) -> dict[str, Any]:
    """Decode, size, check and write a dataset as :mod:`ganpipe.data.loading.arrays` reads it.

    What stood at ``prepared`` is replaced. Returns the figures of ``metrics/data.json``. Raises
    GanpipeError where data/raw is not what it should be.
    """
    with atomic_folder(prepared) as folder:
        skipped = 0
        if name in OFFICIAL and isinstance(config, PublicDataset):
            spec = write_public(name, config, raw=raw, folder=folder)
        else:
            spec, skipped = reader(name).write(config, raw, folder)
        write_json(arrays.spec_path(folder), spec.to_dict())
    return summary(spec, arrays.load_images(prepared, "train")) | {"damaged_skipped": skipped}


def summary(spec: DataSpec, train: np.ndarray) -> dict[str, Any]:
    """Numbers of images, and the mean of the training tensor ``x / 127.5 - 1``, computed from a
    histogram of the bytes, so exactly and in bounded memory. The rest is in spec.json."""
    histogram = np.zeros(256, np.int64)
    for start in range(0, len(train), BLOCK):
        histogram += np.bincount(train[start : start + BLOCK].ravel(), minlength=256)
    values = np.arange(256) / 127.5 - 1
    return {
        "train_images": spec.num_train,
        "test_images": spec.num_test,
        "mean": float((values * histogram).sum() / histogram.sum()),
    }
