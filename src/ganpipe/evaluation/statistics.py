"""One pass of images through an extractor, and everything that the metrics need from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.features.extractor import Extractor, outputs
from ganpipe.metrics.class_coverage import ClassCoverage
from ganpipe.metrics.inception_score import PredictionSums
from ganpipe.metrics.jackknife import block_bounds
from ganpipe.metrics.moments import Gaussian, Moments


@dataclass(frozen=True)
class Statistics:
    """Sums and features of a pass; all but the two tensors have a size that does not depend on the
    number of images."""

    num: int
    blocks: list[Moments]  # of contiguous blocks of images, for the spread of FID
    scores: list[PredictionSums]  # of the same blocks
    features: Tensor  # (min(num, max_features), d) float32, of the first images
    coverage: ClassCoverage | None  # where the extractor knows the data's classes
    predicted: Tensor | None  # (num,) int64: the class or mode of each, as the extractor predicts

    def gaussian(self, blocks: Iterable[int] | None = None) -> Gaussian:
        """Mean and covariance of all images, or of those in some ``blocks``."""
        total = Moments(len(self.blocks[0].mean))
        for index in range(len(self.blocks)) if blocks is None else blocks:
            total.merge(self.blocks[index])
        return total.gaussian()


def collect(
    extractor: Extractor,
    images: Iterable[Tensor],
    *,
    num: int,
    max_features: int,
    batch_size: int,
) -> Statistics:
    """Statistics of ``num`` images, uint8 (n, C, h, w) pieces, with the features of the first
    ``max_features``.

    Raises GanpipeError for fewer than two images.
    """
    if num < 2:
        raise GanpipeError(f"{num} images cannot be evaluated: a covariance needs two at least")
    bounds = block_bounds(num)
    blocks: list[Moments] = []
    scores = [PredictionSums() for _ in bounds[1:]]
    features: list[Tensor] = []
    predicted: list[Tensor] = []
    coverage = ClassCoverage(extractor.training_share) if extractor.training_share else None
    start = 0
    for output in outputs(extractor, images, batch_size):
        end = start + len(output.features)
        blocks = blocks or [Moments(output.features.shape[1]) for _ in scores]
        for block, (first, last) in enumerate(pairwise(bounds)):
            part = slice(max(first - start, 0), max(last - start, 0))
            blocks[block].update(output.features[part])
            scores[block].update(output.logits[part])
        if coverage:
            coverage.update(output.logits)
        if coverage or extractor.modes:
            predicted.append(output.logits.argmax(dim=1))
        if start < max_features:
            features.append(output.features[: max_features - start])
        start = end
    if start != num:
        raise ValueError(f"{num} images were announced, {start} came")
    classes = torch.cat(predicted) if predicted else None
    return Statistics(num, blocks, scores, torch.cat(features), coverage, classes)
