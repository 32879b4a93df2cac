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

    def expect_source(self) -> Tensor:
        """The source images; raises ValueError where the batch has none."""
        if self.source is None:
            raise ValueError("a translating method needs a batch with source images")
        return self.source


class DataSource(Protocol):
    """Batches of a run: the k-th is a function of the seed and k alone."""

    seed: int  # of the run
    device: torch.device  # of the batches
    per_epoch: int  # batches in one pass of the data

    def at(self, index: int) -> Batch:
        """The batch number ``index`` of the run, counted from 0 across epochs."""


class Batches:
    """Batches of a dataset in a new random order each epoch, the incomplete last one dropped.

    Where there are source images, those of a batch are either the pictures that belong to its real
    images, or, ``paired`` being false, others in an order of their own. An epoch is then a pass of
    the larger side (as in the program of Zhu et al. 2017), in which the smaller one begins anew.

    Raises GanpipeError where the data, or one side of them, do not fill a single batch.
    """

    def __init__(
        self,
        images: Tensor,  # (N, C, h, w) uint8 at their native size, on any device
        labels: Tensor | None,  # (N,) int64
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        padding: int = 0,  # black pixels put around each real image, on each side
        sources: Tensor | None = None,  # (M, C, h, w) uint8, on any device
        paired: bool = True,  # source image i belongs to image i
        rows: Tensor | None = None,  # (n,) int64: the images that are used; all if None
    ) -> None:
        self.images = images
        self.labels = labels
        self.sources = sources
        self.batch_size = batch_size
        self.seed = seed
        self.device = device
        self.padding = padding
        self._rows = rows
        count = len(images) if rows is None else len(rows)
        self._order = _Order(count, "training images", batch_size, seed, "order")
        self._source_order: _Order | None = None
        self.per_epoch = self._order.per_epoch
        if sources is not None and not paired:
            self._source_order = _Order(
                len(sources), "source images", batch_size, seed, "source order"
            )
            self.per_epoch = max(self.per_epoch, self._source_order.per_epoch)

    def at(self, index: int) -> Batch:
        """The batch number ``index`` of the run, counted from 0 across epochs."""
        chosen = self._order.at(index)
        pictures = chosen if self._source_order is None else self._source_order.at(index)
        if self._rows is not None:
            chosen = self._rows[chosen]
        real = self.images[chosen.to(self.images.device)].to(self.device)
        label = None if self.labels is None else self.labels[chosen].to(self.device)
        source = None
        if self.sources is not None:
            source = _as_input(self.sources[pictures.to(self.sources.device)].to(self.device))
        if self.padding:
            real = F.pad(real, [self.padding] * 4)
        return Batch(_as_input(real), label, source)


class _Order:
    """Which of ``count`` images are in which batch: a new random order each pass."""

    def __init__(self, count: int, what: str, batch_size: int, seed: int, purpose: str) -> None:
        self.count = count
        self.batch_size = batch_size
        self.seed = seed
        self.purpose = purpose
        self.per_epoch = count // batch_size
        if not self.per_epoch:
            raise GanpipeError(
                f"train.batch_size is {batch_size}, but there are only {count} {what}; set it to "
                f"{count} or less"
            )
        self._kept = (-1, torch.empty(0, dtype=torch.int64))

    def at(self, index: int) -> Tensor:
        """The images of the batch number ``index``, int64 (batch_size,) on the CPU."""
        epoch, position = divmod(index, self.per_epoch)
        if self._kept[0] != epoch:
            rng = make_rng("cpu", self.seed, self.purpose, epoch)
            self._kept = (epoch, torch.randperm(self.count, generator=rng))
        start = position * self.batch_size
        return self._kept[1][start : start + self.batch_size]


def _as_input(images: Tensor) -> Tensor:
    """Images as networks take them, from uint8 (N, C, H, W)."""
    return to_unit_range(images).contiguous(memory_format=torch.channels_last)
