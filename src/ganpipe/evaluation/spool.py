"""Images on disk between the pass that makes them and the passes that read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from ganpipe.storage.npy import NpyWriter


@dataclass(frozen=True)
class Spool:
    """Images that can be read any number of times, in the pieces in which they came.

    The same pieces make the same batches, and so the same bits.
    """

    images: np.ndarray  # (N, C, h, w) uint8, memory-mapped
    ends: list[int]  # of the pieces

    def pieces(self) -> Iterator[Tensor]:
        """uint8 (n, C, h, w) pieces."""
        for start, end in pairwise([0, *self.ends]):
            yield torch.from_numpy(np.array(self.images[start:end]))

    def pick(self, wanted: list[int]) -> Tensor:
        """The images number ``wanted``, in that order."""
        return torch.from_numpy(np.array(self.images[wanted]))


@contextmanager
def spooled(pieces: Iterable[Tensor]) -> Iterator[Spool]:
    """Write a stream of uint8 (n, C, h, w) pieces to a temporary file, deleted with the block."""
    with TemporaryDirectory(prefix="ganpipe-") as folder:
        path = Path(folder) / "images.npy"
        ends = list(accumulate(_write(path, pieces)))
        yield Spool(np.load(path, mmap_mode="r"), ends)


def _write(path: Path, pieces: Iterable[Tensor]) -> list[int]:
    """The numbers of images in the pieces."""
    stream = iter(pieces)
    first = next(stream)
    lengths = [len(first)]
    with NpyWriter(path, tuple(first.shape[1:]), np.uint8) as writer:
        writer.append(first.numpy())
        for piece in stream:
            writer.append(piece.numpy())
            lengths.append(len(piece))
    return lengths
