"""The images of a trained generator, drawn once for everything that looks at them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganpipe.evaluation.config import BatchNorm
from ganpipe.evaluation.protocol import DIGEST
from ganpipe.evaluation.spool import Spool, spooled
from ganpipe.sampling.draw import CHUNK, draw
from ganpipe.sampling.pictures import BACK, given_to, way_back
from ganpipe.sampling.standing import PASSES, take_standing_statistics
from ganpipe.sampling.trained import Trained, load_trained
from ganpipe.storage.tensor_file import recorded_digest

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Generated:
    """Generated images on disk, and the classes that were asked for."""

    spool: Spool
    label: Tensor | None  # (N,) int64; None of a generator without labels


def load_generators(
    weights: Iterable[Path], batch_norm: BatchNorm, device: torch.device
) -> Iterator[Trained]:
    """The generators of files of weights, with the statistics of batch norm that ``batch_norm``
    says. Logs a warning, once, where they have no batch norm to be measured anew."""
    warned = False
    for path in weights:
        trained = load_trained(path, device)
        if batch_norm == "standing" and not warned:
            warned = not take_standing_statistics(trained.sampler, trained.seed)
            if warned:
                log.warning(
                    "evaluate.batch_norm: standing changes nothing, since this generator has no "
                    "batch norm"
                )
        yield trained


def about_batch_norm(statistics: BatchNorm) -> dict[str, str]:
    """Record of the statistics of batch norm, for a protocol; empty where they are training's."""
    if statistics == "running":
        return {}
    return {"batch_norm": f"standing statistics of {PASSES * CHUNK} images"}


def about_weights(path: Path) -> dict[str, str | None]:
    """Record of which weights were evaluated, and of those of the way back where there is one."""
    files = {DIGEST: path, f"{DIGEST}_{BACK}": way_back(path)}
    return {name: recorded_digest(file) for name, file in files.items() if file.exists()}


@contextmanager
def generated(trained: Trained, num: int, purpose: str) -> Iterator[Generated]:
    """Draw ``num`` images with the seed of the training, from noise that ``purpose`` names, or
    from the first test pictures."""
    given = given_to(trained.sampler, num)
    labels: list[Tensor] = []

    def images() -> Iterator[Tensor]:
        for drawn in draw(trained.sampler, num, trained.seed, purpose=purpose, given=given):
            if drawn.label is not None:
                labels.append(drawn.label)
            yield drawn.images

    with spooled(images()) as spool:
        yield Generated(spool, torch.cat(labels) if labels else None)
