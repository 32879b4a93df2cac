"""The stage `source`: the pictures that a model translates from, computed from the prepared ones or
those that lie beside them.

Without torch: for a model that draws from noise it is done at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ganpipe.data.loading import arrays, sources
from ganpipe.data.source.build import kind_module, with_source
from ganpipe.data.source.config import ComputedSource, Folder, SourceConfig
from ganpipe.data.source.given import write_given
from ganpipe.data.source.halves import halve
from ganpipe.storage.files import atomic_folder, write_json
from ganpipe.storage.npy import NpyWriter

BLOCK = 1024  # images in memory at once; fixed, since each block has a random stream of its own
COMMON = {"kind", "paired", "seed"}  # fields that no map sees
SPLITS: tuple[arrays.SplitName, ...] = ("train", "test")


def write_source(config: SourceConfig | None, *, prepared: Path, folder: Path) -> None:
    """Write the source images of a translating model to ``folder``, replacing what stood there.

    For a model that draws from noise (``config`` None) the folder says so, always in the same
    bytes. Raises GanpipeError where the dataset does not suit the kind of source.
    """
    with atomic_folder(folder) as new:
        if config is None:
            write_json(new / "none.json", {"source": "none: the model draws from noise"})
        elif isinstance(config, Folder):
            write_given(config, prepared, new)
        else:
            _write(config, prepared, new)


def _write(config: ComputedSource, prepared: Path, folder: Path) -> None:
    spec = with_source(arrays.load_spec(prepared), config)
    module, fields = kind_module(config.kind), config.model_dump(exclude=COMMON)
    for number, split in enumerate(SPLITS):
        images = arrays.load_images(prepared, split)
        rows = np.arange(len(images))
        if split == "train" and not config.paired:
            rows = halve(len(images), config.seed, folder)
        shape = sources.source_of(spec).native_shape
        with NpyWriter(sources.source_path(folder, split), shape, np.uint8) as writer:
            for block, start in enumerate(range(0, len(rows), BLOCK)):
                rng = np.random.default_rng([config.seed, number, block])
                given = images[rows[start : start + BLOCK]]
                writer.append(module.translate(given, rng, **fields))
    write_json(arrays.spec_path(folder), spec.to_dict())
    about: dict[str, Any] = config.model_dump(mode="json") | {"drawn": module.DRAWN}
    write_json(sources.about_path(folder), about)
