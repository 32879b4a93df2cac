"""The test pictures that a translator is shown, and what it should make of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images
from ganpipe.data.loading.batches import to_unit_range
from ganpipe.data.loading.sources import has_truth, load_source_images
from ganpipe.sampling.sampler import Picture, Sampler

BACK = "b_to_a"  # the name of the sampler of the way back; that of the way there is nameless


class Pictures(NamedTuple):
    """Both sides of the test split, image for image: uint8 (N, C, h, w), memory-mapped."""

    given: np.ndarray  # what is translated
    truth: np.ndarray | None  # what it was computed from, or belongs to; None of what is no pair


def way_back(path: Path) -> Path:
    """The weights file of the way back, beside that of the way there; there may be none."""
    return path.with_name(f"{path.stem}_{BACK}{path.suffix}")


def translates(sampler: Sampler) -> bool:
    """Whether the sampler starts from pictures."""
    return any(isinstance(each, Picture) for each in sampler.inputs.values())


def pictures_for(sampler: Sampler) -> Pictures:
    """The test pictures for the direction of a sampler that translates.

    Raises GanpipeError where they are missing or damaged.
    """
    source = load_source_images(paths.SOURCE, "test")
    target = load_images(paths.PREPARED, "test")
    there = getattr(sampler.config, "direction", "a_to_b") == "a_to_b"
    given, truth = (source, target) if there else (target, source)
    return Pictures(given, truth if has_truth(paths.SOURCE) else None)


def given_to(sampler: Sampler, num: int) -> dict[str, Tensor] | None:
    """The first ``num`` test pictures as inputs of a sampler that translates, on the CPU; None of
    one that draws from noise.

    Raises GanpipeError where they are missing or damaged.
    """
    return as_input(pictures_for(sampler).given[:num]) if translates(sampler) else None


def most_images(sampler: Sampler, num: int) -> int:
    """``num``, or the number of test pictures where a sampler that translates has fewer."""
    return min(num, len(pictures_for(sampler).given)) if translates(sampler) else num


def as_input(pictures: np.ndarray, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """uint8 (N, C, h, w) pictures as the inputs of a sampler that translates."""
    images = to_unit_range(torch.from_numpy(np.array(pictures)).to(device))
    return {"input": images.contiguous(memory_format=torch.channels_last)}


def as_rgb(images: Tensor) -> Tensor:
    """uint8 (N, 1 or 3, h, w) -> (N, 3, h, w)."""
    return images.expand(-1, 3, -1, -1)


def beside_each_other(parts: list[Tensor], columns: int) -> Tensor:
    """Rows of ``columns`` images of each of ``parts`` in turn, uint8 (N, C, h, w) of one size: the
    images of a grid, the last row of each part filled up with white.

    In colour where one part is.
    """
    if len({part.shape[1] for part in parts}) > 1:
        parts = [as_rgb(part) for part in parts]
    missing = -len(parts[0]) % columns
    white = torch.full((missing, *parts[0].shape[1:]), 255, dtype=torch.uint8)
    rows = [torch.cat([part, white]).split(columns) for part in parts]
    return torch.cat([row for together in zip(*rows, strict=True) for row in together])
