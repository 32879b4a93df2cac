"""Sizes that publications give for blocks of params.yaml, as changes to the blocks.

A block is listed where its architecture, so set, is the published one; `--paper` counts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published setting of a block."""

    source: str  # the publication, or the authors' program
    changes: Mapping[str, Any]  # from the shipped block, by names as `ganpipe models -S` takes them
    note: str = ""  # what else a reader has to know


IMAGES_OF_64 = {
    "dataset": "folder",
    "datasets.folder.image_size": 64,
    "datasets.folder.channels": 3,
}

PUBLISHED = {
    "dcgan": Published(
        source="Radford et al. 2016, figure 1, as in the Torch program dcgan.torch",
        changes={
            **IMAGES_OF_64,
            "generator.width": 128,
            "discriminator.width": 128,
            "train.batch_size": 128,
        },
        note="LSUN, 64 px; the program's convolutions have biases besides, the paper's kernels "
        "have 5 x 5 pixels",
    ),
    "wgan": Published(
        source="the authors' program of Arjovsky et al. 2017, its defaults",
        changes={
            **IMAGES_OF_64,
            "generator.width": 64,
            "discriminator.width": 64,
            "train.batch_size": 64,
        },
        note="LSUN, 64 px",
    ),
}
