"""From data/raw to uint8 arrays that can be memory-mapped, and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ganpipe.data.catalog import OFFICIAL
from ganpipe.data.config import FolderDataset, PublicDataset
from ganpipe.data.loading import arrays as dataset
from ganpipe.data.prepare.folder import write_folder
from ganpipe.data.prepare.formats import read_official
from ganpipe.data.prepare.images import resize
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.storage.files import atomic_folder, write_json
from ganpipe.storage.npy import NpyWriter

BLOCK = 1024  # images in memory at once


def prepare(
    name: str, config: PublicDataset | FolderDataset, raw: Path, prepared: Path
) -> dict[str, Any]:
    """Decode, size, check and write a dataset as :mod:`ganpipe.data.dataset` reads it.

    What stood at ``prepared`` is replaced. Returns the figures of ``metrics/data.json``. Raises
    GanpipeError where data/raw is not what it should be.
    """
    with atomic_folder(prepared) as folder:
        skipped = 0
        if isinstance(config, FolderDataset):
            spec, skipped = write_folder(config, raw, folder)
        else:
            spec = _write_official(name, config, raw, folder)
        write_json(dataset.spec_path(folder), spec.to_dict())
    return summary(spec, dataset.load_images(prepared, "train")) | {"damaged_skipped": skipped}


def _write_official(name: str, config: PublicDataset, raw: Path, folder: Path) -> DataSpec:
    official = OFFICIAL[name]
    splits = read_official(official, raw)
    size = official.native_size if config.fit == "pad" else config.image_size
    for split in ("train", "test"):
        images, labels = splits[split]
        path = dataset.images_path(folder, split)
        with NpyWriter(path, (official.channels, size, size), np.uint8) as writer:
            for start in range(0, len(images), BLOCK):
                block = images[start : start + BLOCK]
                writer.append(block if block.shape[-1] == size else resize(block, size))
        np.save(dataset.labels_path(folder, split), labels)
    counts = dataset.count_classes(splits["train"][1], official.classes)
    domain = Domain(official.channels, size, config.image_size, official.classes, counts)
    return DataSpec(name, domain, official.num_train, official.num_test)


def summary(spec: DataSpec, train: np.ndarray) -> dict[str, Any]:
    """Counts, sizes, and the range and mean of the training tensor ``x / 127.5 - 1``, computed
    from a histogram of the bytes, so exactly and in bounded memory."""
    histogram = np.zeros(256, np.int64)
    for start in range(0, len(train), BLOCK):
        histogram += np.bincount(train[start : start + BLOCK].ravel(), minlength=256)
    values = np.arange(256) / 127.5 - 1
    present = values[histogram > 0]
    return {
        "train_images": spec.num_train,
        "test_images": spec.num_test,
        "classes": len(spec.target.classes),
        "image_size": spec.target.image_size,
        "native_size": spec.target.native_size,
        "channels": spec.target.channels,
        "min": float(present.min()),
        "max": float(present.max()),
        "mean": float((values * histogram).sum() / histogram.sum()),
    }
