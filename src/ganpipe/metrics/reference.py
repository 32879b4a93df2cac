"""What is known of the real images, per ruler, as a file that others can read.

Its ``mu`` and ``sigma`` are what pytorch-fid reads and writes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganpipe.errors import GanpipeError
from ganpipe.files import atomic_path
from ganpipe.metrics.moments import Gaussian, Moments
from ganpipe.metrics.ruler import Ruler, outputs
from ganpipe.seeding import generator

PIECE = 250  # images read at a time


@dataclass(frozen=True)
class Reference:
    """Real images as a ruler sees them."""

    gaussian: Gaussian
    protocol: dict[str, Any]  # which images, which ruler


def choose(available: int, wanted: int) -> np.ndarray:
    """Indices of ``wanted`` images, in order: all of them where there are no more, otherwise a
    random subset that is the same for everybody, since a folder's images are sorted by class."""
    if wanted >= available:
        return np.arange(available)
    order = torch.randperm(available, generator=generator("cpu", 0, "reference subset"))
    return np.sort(order[:wanted].numpy())


def pieces(images: np.ndarray, chosen: np.ndarray) -> Iterator[Tensor]:
    """The ``chosen`` of (N, C, h, w) uint8 images, possibly memory-mapped, a few at a time."""
    for start in range(0, len(chosen), PIECE):
        yield torch.from_numpy(np.ascontiguousarray(images[chosen[start : start + PIECE]]))


def measure_reference(
    ruler: Ruler, images: Iterable[Tensor], batch_size: int, protocol: dict[str, Any]
) -> Reference:
    """Statistics of real images, uint8 (n, C, h, w) pieces. Raises GanpipeError below two."""
    moments: Moments | None = None
    for output in outputs(ruler, images, batch_size):
        features = output.features.numpy()
        moments = moments or Moments(features.shape[1])
        moments.update(features)
    if moments is None or moments.num < 2:
        raise GanpipeError("a reference needs at least two real images")
    return Reference(moments.gaussian(), {**ruler.protocol, **protocol, "num_real": moments.num})


def save_reference(path: Path, reference: Reference) -> None:
    """Write the .npz, atomically; the same content gives the same bytes."""
    with atomic_path(path) as temporary, temporary.open("wb") as target:
        np.savez(
            target,
            mu=reference.gaussian.mu,
            sigma=reference.gaussian.sigma,
            protocol=np.array(json.dumps(reference.protocol)),
        )


def load_reference(path: Path) -> Reference:
    """What :func:`save_reference` or pytorch-fid wrote; the latter's has an empty protocol.

    Raises GanpipeError where it is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            protocol = json.loads(str(content["protocol"])) if "protocol" in content else {}
            gaussian = Gaussian(content["mu"], content["sigma"], protocol.get("num_real"))
    except FileNotFoundError:
        raise GanpipeError(
            f"{path} is missing; the stage 'reference' writes it: run `dvc repro`"
        ) from None
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise GanpipeError(
            f"{path} is damaged ({' '.join(str(error).split())}); delete it and run `dvc repro`"
        ) from None
    return Reference(gaussian, protocol)
