"""Data of translating models that exist only as their description, or as noise."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.data.loading.batches import Batch
from ganpipe.data.spec import DataSpec, Domain


def pairs_of(
    size: int = 32,
    channels: int = 1,
    source_channels: int | None = None,
    num_train: int = 48,
    paired: bool = True,
) -> DataSpec:
    """A dataset with a source, whose images have as many channels unless ``source_channels``."""
    target = Domain(channels, size, size, ("0", "1"))
    source = Domain(channels if source_channels is None else source_channels, size, size)
    return DataSpec("mnist", target, num_train, 12, source=source, paired=paired)


def pair_batch(spec: DataSpec, count: int = 3, seed: int = 0) -> Batch:
    """``count`` random images of both sides."""
    rng = torch.Generator().manual_seed(seed)

    def noise(domain: Domain) -> Tensor:
        return torch.rand(count, *domain.image_shape, generator=rng) * 2 - 1

    assert spec.source is not None
    return Batch(noise(spec.target), torch.arange(count) % 2, noise(spec.source))
