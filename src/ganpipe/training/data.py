"""The prepared data of a run, and for a translating model the pictures that it starts from."""

from __future__ import annotations

from pathlib import Path

import torch

from ganpipe.core import paths
from ganpipe.data.loading import sources
from ganpipe.data.loading.arrays import load_images, load_labels, load_spec
from ganpipe.data.loading.batches import Batches, to_device
from ganpipe.data.spec import DataSpec
from ganpipe.methods.config import AnyModelConfig
from ganpipe.methods.configs.translating import TranslatingConfig


def spec_for(model: AnyModelConfig) -> DataSpec:
    """The description of the data as ``model`` uses them: with a source if it translates.

    Raises GanpipeError where data are missing or damaged.
    """
    if isinstance(model, TranslatingConfig):
        return sources.load_pairing(paths.SOURCE)
    return load_spec(paths.PREPARED)


def source_files(spec: DataSpec) -> list[Path]:
    """The files of source images that a run on ``spec`` reads; none of a model without them."""
    if spec.source is None:
        return []
    rows = [] if spec.paired else [sources.rows_path(paths.SOURCE, side) for side in sources.SIDES]
    return [sources.source_path(paths.SOURCE, "train"), *rows]


def load_batches(spec: DataSpec, *, batch_size: int, seed: int, device: torch.device) -> Batches:
    """The training batches of a run on ``spec``.

    Raises GanpipeError where data are missing, damaged or too few.
    """
    images = to_device(load_images(paths.PREPARED, "train"), device)
    labels = load_labels(paths.PREPARED, "train")
    pictures, rows = None, None
    if spec.source is not None:
        pictures = to_device(sources.load_source_images(paths.SOURCE, "train"), device)
        if not spec.paired:
            rows = torch.from_numpy(sources.load_rows(paths.SOURCE, "target").copy())
    return Batches(
        images,
        None if labels is None else torch.from_numpy(labels),
        batch_size=batch_size,
        seed=seed,
        device=device,
        padding=spec.target.padding,
        sources=pictures,
        paired=spec.paired,
        rows=rows,
    )
