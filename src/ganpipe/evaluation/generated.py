"""The images of a trained generator, drawn once for everything that looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from ganpipe.evaluation.spool import Spool, spooled
from ganpipe.sampling.draw import draw
from ganpipe.sampling.pictures import given_to
from ganpipe.sampling.trained import Trained


@dataclass(frozen=True)
class Generated:
    """Generated images on disk, and the classes that were asked for."""

    spool: Spool
    label: Tensor | None  # (N,) int64; None of a generator without labels


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
