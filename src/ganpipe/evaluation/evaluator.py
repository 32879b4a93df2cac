"""All metrics of one extractor, from one pass of the generated images through it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.class_fid import ClassFid, class_fids, mean_fid
from ganpipe.evaluation.reference import Reference
from ganpipe.evaluation.statistics import Statistics, collect
from ganpipe.features.extractor import Extractor, arithmetic
from ganpipe.metrics.fid_infinity import extrapolate, subset_sizes
from ganpipe.metrics.frechet import frechet_distance, root
from ganpipe.metrics.inception_score import score_of_splits
from ganpipe.metrics.jackknife import block_bounds, jackknife
from ganpipe.metrics.kid import kernel_distance
from ganpipe.metrics.moments import Gaussian, Moments
from ganpipe.metrics.neighbours import NEEDED, nearest, overlap

log = logging.getLogger(__name__)

SMALL_SAMPLE = 2048  # images below which FID is mostly bias
FEW_IN_SPLIT = 20  # images in a split of the score, which cannot pass their number
MAKE = "make them again: `{}` those of the pipeline, --save-reference others"
AGAIN = MAKE.format("dvc repro -s -f reference")
PAIRS = 16  # of the generated images that are closest to a training image


class Pairs(NamedTuple):
    """The generated images that come closest to a training image, closest first."""

    generated: list[int]  # positions in the order of drawing
    training: list[int]  # positions among the searched images


class Measured(NamedTuple):
    """Metrics under the extractor's names, and what is shown beside them."""

    metrics: dict[str, float]
    closest: Pairs | None = None  # where the reference knows training images
    predicted: Tensor | None = None  # (N,) int64 classes or modes, where the extractor knows them
    class_share: dict[str, float] | None = None  # of each class among those
    class_fid: Sequence[ClassFid] = ()  # of each class, where classes were asked for


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """An extractor and the real images that it compares with, ready for any number of generators.

    Raises GanpipeError where the reference says that another extractor, or the same one with other
    weights or arithmetic, made it, and where so few images give no ``fid_infinity``.
    """

    extractor: Extractor
    reference: Reference
    num: int  # generated images
    batch_size: int  # images per pass through the extractor
    max_features: int  # images whose features are stored for KID and neighbours, at most
    fid_infinity: bool = False

    def __post_init__(self) -> None:
        for field, value in self.extractor.protocol.items():
            if self.reference.protocol.get(field, value) != value:
                other = MAKE.format(f"dvc exp run -S evaluate.precision={value} reference")
                raise GanpipeError(
                    f"the reference statistics were made with another extractor than "
                    f"'{self.extractor.name}' as it is now ({field}: "
                    f"{self.reference.protocol[field]}, not {value}); "
                    f"{other if field == 'precision' else AGAIN}"
                )
        if (width := len(self.reference.gaussian.mu)) != self.extractor.width:
            raise GanpipeError(
                f"the reference statistics are of {width} features, the extractor "
                f"'{self.extractor.name}' has {self.extractor.width}; {AGAIN}"
            )
        if self.fid_infinity:
            self.subsets()

    def subsets(self) -> dict[int, int]:
        """The numbers of blocks whose FID is extrapolated, and of images in them."""
        sizes = np.diff(block_bounds(self.num)).tolist()
        return subset_sizes(sizes, len(self.reference.gaussian.mu))

    @cached_property
    def half(self) -> np.ndarray:
        """The root of the reference's covariance."""
        return root(self.reference.gaussian)

    def collect(self, images: Iterable[Tensor]) -> Statistics:
        """Statistics of one pass of ``num`` images, uint8 (n, C, h, w) pieces."""
        return collect(
            self.extractor,
            images,
            num=self.num,
            max_features=self.max_features,
            batch_size=self.batch_size,
        )

    def fid(self, statistics: Statistics, blocks: Iterable[int] | None = None) -> float:
        """FID of all images, or of those in some ``blocks``."""
        return self._distance(statistics.gaussian(blocks))

    @cached_property
    def floor(self) -> float | None:
        """FID of as many held-out real images as are evaluated, or of all that are known: what a
        perfect generator would get. None where the reference knows none."""
        if self.reference.held_out is None:
            return None
        if (known := len(self.reference.held_out)) < self.num:
            log.warning(
                f"the floor is of {known} held-out images, and FID of {self.num} may come "
                "out below it"
            )
        moments = Moments(self.reference.held_out.shape[1])
        moments.update(self.reference.held_out[: self.num])
        return self._distance(moments.gaussian())

    def protocol(self) -> dict[str, Any]:
        """Record of the real images; of statistics from elsewhere "not recorded"."""
        real = self.reference
        about = real.protocol or dict.fromkeys(("statistics_made_with", "num_real"), "not recorded")
        floor = {} if real.held_out is None else {"num_floor": min(self.num, len(real.held_out))}
        return {**about, **self.extractor.protocol, **floor}

    def _distance(self, generated: Gaussian) -> float:
        return frechet_distance(self.reference.gaussian, generated, self.half)


def measure(
    evaluator: Evaluator, images: Iterable[Tensor], asked: Tensor | None = None
) -> Measured:
    """All metrics of ``evaluator.num`` generated ``images``, uint8 (n, C, h, w) pieces, which were
    ``asked``, int64 (num,), for classes if at all.

    What the reference does not know is left out: statistics from elsewhere give FID and scores.
    Raises GanpipeError for fewer than two images.
    """
    statistics = evaluator.collect(images)
    score, score_std = score_of_splits(statistics.scores)
    if (smallest := min(split.num for split in statistics.scores)) < FEW_IN_SPLIT:
        log.warning(
            f"the score is the mean of splits of {smallest} images, whose scores cannot "
            f"pass {smallest}"
        )
    name = evaluator.extractor.score
    copies, closest = _copies(statistics, evaluator.reference)
    by_class = _class_fid(evaluator, statistics, asked)
    metrics = {
        **_fid(evaluator, statistics),
        **_kid(evaluator, statistics),
        **_overlap(evaluator, statistics),
        name: score,
        f"{name}_std": score_std,
        **copies,
        **mean_fid(by_class),
    }
    named = _named(evaluator, metrics) | _classes(evaluator, statistics)
    shares = statistics.coverage.shares() if statistics.coverage else None
    return Measured(named, closest, statistics.predicted, shares, by_class)


def fid_alone(evaluator: Evaluator, images: Iterable[Tensor]) -> Measured:
    """FID and its floor, without the time that all other metrics take."""
    statistics = evaluator.collect(images)
    metrics = {"fid": evaluator.fid(statistics), "fid_floor": evaluator.floor}
    return Measured(_named(evaluator, metrics))


def curve_point(evaluator: Evaluator, images: Iterable[Tensor]) -> dict[str, float]:
    """FID and KID under the extractor's names, for a curve over training.

    Raises GanpipeError where the reference has no features, which KID compares with.
    """
    if evaluator.reference.features is None:
        raise GanpipeError(f"the reference statistics hold no features for KID; {AGAIN}")
    statistics = evaluator.collect(images)
    return _named(
        evaluator, {"fid": evaluator.fid(statistics), "kid": _kid(evaluator, statistics)["kid"]}
    )


def _named(evaluator: Evaluator, metrics: dict[str, Any]) -> dict[str, float]:
    """The metrics that are not None, under the extractor's names, all of them finite."""
    named = {
        evaluator.extractor.key(key): value for key, value in metrics.items() if value is not None
    }
    for name, value in named.items():
        if not math.isfinite(value):
            raise GanpipeError(
                f"{name} came out as {value}: the reference statistics hold values that overflow "
                f"float64; {AGAIN}"
            )
    return named


def warn_if_small(num_generated: int, num_real: int | None) -> None:
    """Log that FID of so few images is mostly its own bias, where that is so."""
    for what, num in (("generated", num_generated), ("real", num_real)):
        if num is not None and num < SMALL_SAMPLE:
            log.warning(
                f"FID of {num} {what} images is mostly bias; compare it only with figures "
                f"of the same number, or take {SMALL_SAMPLE} or more"
            )


def _fid(evaluator: Evaluator, statistics: Statistics) -> dict[str, Any]:
    """FID, its spread under another draw, its floor and its extrapolation."""
    num = len(statistics.blocks)
    metrics = {
        "fid": evaluator.fid(statistics),
        "fid_std": jackknife(lambda blocks: evaluator.fid(statistics, blocks), num),
        "fid_floor": evaluator.floor,
    }
    if evaluator.fid_infinity:
        sizes = evaluator.subsets()
        values = [evaluator.fid(statistics, range(count)) for count in sizes]
        metrics["fid_infinity"] = extrapolate(list(sizes.values()), values)
    return metrics


def _kid(evaluator: Evaluator, statistics: Statistics) -> dict[str, Any]:
    real = evaluator.reference
    if real.features is None or real.within is None:
        return {}
    kid = kernel_distance(statistics.features.double(), real.features.double(), real.within)
    return {"kid": kid.value, "kid_std": kid.std}


def _overlap(evaluator: Evaluator, statistics: Statistics) -> dict[str, Any]:
    """The four metrics of neighbours; of too few images none, and a warning says so."""
    real = evaluator.reference
    if real.features is None:
        return {}
    if min(len(statistics.features), len(real.features)) < NEEDED:
        log.warning(
            f"precision, recall, density and coverage need the features of {NEEDED} "
            f"images a side; of {len(statistics.features)} generated and {len(real.features)} real "
            "ones they are left out"
        )
    elif real.radii is not None:
        return overlap(statistics.features, real.features, real.radii)
    return {}


def _classes(evaluator: Evaluator, statistics: Statistics) -> dict[str, float]:
    """Spread of the images over the data's classes, where the extractor knows them."""
    ending = arithmetic(evaluator.extractor.precision)
    coverage = statistics.coverage.metrics() if statistics.coverage else {}
    return {name + ending: value for name, value in coverage.items()}


def _class_fid(
    evaluator: Evaluator, statistics: Statistics, asked: Tensor | None
) -> list[ClassFid]:
    """FID by class where images were asked for classes that the extractor knows, otherwise empty;
    of the images whose features are stored."""
    classes = evaluator.extractor.training_share
    if asked is None or not classes:
        return []
    features = statistics.features
    return class_fids(features, asked[: len(features)], evaluator.reference, len(classes))


def _copies(statistics: Statistics, reference: Reference) -> tuple[dict[str, float], Pairs | None]:
    """``closer_than_test``: the share of generated images that are nearer to a training image than
    half of the test images are. 0.5 for images as new as those; near 1 for copies, but for images
    that are smoother or less varied than the data, too."""
    if reference.searched is None or reference.test_median is None:
        return {}, None
    num, of_all = len(reference.searched), reference.protocol.get("num_train", 0)
    if num < of_all:
        log.warning(
            f"copies are looked for among {num} of {of_all} training images "
            "(evaluate.max_searched); those of the others go unnoticed"
        )
    squared, index = nearest(statistics.features, reference.searched)
    share = float((squared < reference.test_median).double().mean())
    order = torch.argsort(squared, stable=True)[:PAIRS]
    return {"closer_than_test": share}, Pairs(order.tolist(), index[order].tolist())
