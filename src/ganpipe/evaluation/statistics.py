"""One pass of images through an extractor, and everything that the figures need from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.features.extractor import Extractor, outputs
from ganpipe.metrics.class_coverage import ClassSpread
from ganpipe.metrics.inception_score import PredictionSums
from ganpipe.metrics.jackknife import block_bounds
from ganpipe.metrics.moments import Gaussian, Moments


@dataclass(frozen=True)
class Statistics:
    """What a pass leaves; all but the two tensors has a size that does not depend on the images."""

    num: int
    blocks: list[Moments]  # of contiguous blocks of images, for the spread of FID
    scores: list[PredictionSums]  # of the same blocks
    features: Tensor  # (min(num, keep), d) float32, of the first images
    spread: ClassSpread | None  # where the extractor knows the data's classes
    predicted: Tensor | None  # (num,) int64: the class that it sees in each image

    def gaussian(self, kept: Iterable[int] | None = None) -> Gaussian:
        """Mean and covariance of all images, or of the blocks that are ``kept``."""
        total = Moments(len(self.blocks[0].mean))
        for index in range(len(self.blocks)) if kept is None else kept:
            total.merge(self.blocks[index])
        return total.gaussian()


def collect(
    extractor: Extractor, images: Iterable[Tensor], num: int, keep: int, batch_size: int
) -> Statistics:
    """Pass ``num`` images, uint8 (n, C, h, w) pieces, and keep the features of the first ``keep``.

    Raises GanpipeError for fewer than two images.
    """
    if num < 2:
        raise GanpipeError(f"{num} images cannot be judged: a covariance needs two at least")
    bounds = block_bounds(num)
    blocks: list[Moments] = []
    scores = [PredictionSums() for _ in bounds[1:]]
    kept: list[Tensor] = []
    predicted: list[Tensor] = []
    spread = ClassSpread(extractor.training_share) if extractor.training_share else None
    start = 0
    for output in outputs(extractor, images, batch_size):
        end = start + len(output.features)
        blocks = blocks or [Moments(output.features.shape[1]) for _ in scores]
        for block, (first, last) in enumerate(pairwise(bounds)):
            part = slice(max(first - start, 0), max(last - start, 0))
            blocks[block].update(output.features[part])
            scores[block].update(output.logits[part])
        if spread:
            spread.update(output.logits)
            predicted.append(output.logits.argmax(dim=1))
        if start < keep:
            kept.append(output.features[: keep - start])
        start = end
    if start != num:
        raise ValueError(f"{num} images were announced, {start} came")
    classes = torch.cat(predicted) if spread else None
    return Statistics(num, blocks, scores, torch.cat(kept), spread, classes)
