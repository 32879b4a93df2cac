"""Endless seeded batches: the k-th batch of a run is a function of the seed and k alone."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import psutil
import torch
import torch.nn.functional as F
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.runtime.seeding import make_rng

SHARE_OF_MEMORY = 0.5  # of what is free: beyond it the images stay on disk, memory-mapped


def to_unit_range(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) in 0..255 -> float32 in [-1, 1], both ends reached exactly."""
    return images.float().div_(127.5).sub_(1)


def to_device(images: np.ndarray, device: torch.device) -> Tensor:
    """The training images where they are read fastest: on the device if they fit in half of its
    free memory, otherwise still memory-mapped on the host.

    ``images`` is uint8 (N, C, H, W), possibly a ``np.memmap``.
    """
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    else:
        free = psutil.virtual_memory().available
    if images.nbytes <= SHARE_OF_MEMORY * free:
        return torch.from_numpy(np.array(images)).to(device)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(images)  # only ever read


@dataclass(frozen=True)
class Batch:
    """The data of one update, as a method sees them."""

    real: Tensor  # (N, C, H, W) float32 in [-1, 1]: what the generator imitates
    label: Tensor | None = None  # (N,) int64 in [0, classes)
    source: Tensor | None = None  # (N, C, H, W) float32 in [-1, 1]: what the generator translates


class DataSource(Protocol):
    """Batches of a run: the k-th is a function of the seed and k alone."""

    seed: int  # of the run
    device: torch.device  # of the batches
    per_epoch: int  # batches in one pass of the data

    def at(self, index: int) -> Batch:
        """The batch number ``index`` of the run, counted from 0 across epochs."""


class Batches:
    """Batches of a dataset in a new random order each epoch, the incomplete last one dropped.

    Raises GanpipeError where the data do not fill a single batch.
    """

    def __init__(
        self,
        images: Tensor,  # (N, C, h, w) uint8 at their native size, on any device
        labels: Tensor | None,  # (N,) int64
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        padding: int = 0,  # black pixels put around each image, on each side
    ) -> None:
        self.images = images
        self.labels = labels
        self.batch_size = batch_size
        self.seed = seed
        self.device = device
        self.padding = padding
        self.per_epoch = len(images) // batch_size
        if not self.per_epoch:
            raise GanpipeError(
                f"train.batch_size is {batch_size}, but there are only {len(images)} training "
                f"images; set it to {len(images)} or less"
            )
        self._order = (-1, torch.empty(0, dtype=torch.int64))

    def at(self, index: int) -> Batch:
        """The batch number ``index`` of the run, counted from 0 across epochs."""
        epoch, position = divmod(index, self.per_epoch)
        if self._order[0] != epoch:
            rng = make_rng("cpu", self.seed, "order", epoch)
            self._order = (epoch, torch.randperm(len(self.images), generator=rng))
        start = position * self.batch_size
        chosen = self._order[1][start : start + self.batch_size]
        real = self.images[chosen.to(self.images.device)].to(self.device)
        label = None if self.labels is None else self.labels[chosen].to(self.device)
        if self.padding:
            real = F.pad(real, [self.padding] * 4)
        return Batch(to_unit_range(real).contiguous(memory_format=torch.channels_last), label)
