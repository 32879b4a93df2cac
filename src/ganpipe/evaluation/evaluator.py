"""All figures of one extractor, from one pass of the generated images through it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganpipe.core.errors import GanpipeError
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
AGAIN = (
    "make them again: `dvc repro -s -f reference` those of the pipeline, --save-reference others"
)
PAIRS = 16  # of the generated images that are closest to a training image


class Pairs(NamedTuple):
    """The generated images that come closest to a training image, closest first."""

    generated: list[int]  # positions in the order of drawing
    training: list[int]  # positions among the searched images


class Measured(NamedTuple):
    """The figures under the extractor's names, and what shows whether the generator copies."""

    figures: dict[str, Any]
    closest: Pairs | None  # where the reference knows training images
    predicted: Tensor | None = None  # (N,) int64 classes, where the extractor knows the data's


@dataclass(frozen=True)
class Evaluator:
    """An extractor and what it compares with, ready for any number of generators.

    Raises GanpipeError where the reference says that another extractor, or the same one with other
    weights or arithmetic, made it, and where so few images give no ``fid_infinity``.
    """

    extractor: Extractor
    reference: Reference
    num: int  # generated images
    batch_size: int  # images per pass through the extractor
    max_features: int  # images whose features are kept, at most
    fid_infinity: bool = False

    def __post_init__(self) -> None:
        for field, value in self.extractor.protocol.items():
            if self.reference.protocol.get(field, value) != value:
                raise GanpipeError(
                    f"the reference statistics were made with another extractor than "
                    f"'{self.extractor.name}' as it is now ({field}: "
                    f"{self.reference.protocol[field]}, not {value}); {AGAIN}"
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

    def see(self, images: Iterable[Tensor]) -> Statistics:
        """One pass of ``num`` images, uint8 (n, C, h, w) pieces."""
        return collect(self.extractor, images, self.num, self.max_features, self.batch_size)

    def fid(self, statistics: Statistics, kept: Iterable[int] | None = None) -> float:
        """FID of what was statistics, or of the ``kept`` blocks of it."""
        return self._distance(statistics.gaussian(kept))

    @cached_property
    def floor(self) -> float | None:
        """FID of as many held-out real images as are judged, or of all that are known: what a
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
        """What the images were held against; of statistics from elsewhere, that it is not known."""
        real = self.reference
        about = real.protocol or dict.fromkeys(("statistics_made_with", "num_real"), "not recorded")
        floor = {} if real.held_out is None else {"num_floor": min(self.num, len(real.held_out))}
        return {**about, **self.extractor.protocol, **floor}

    def _distance(self, generated: Gaussian) -> float:
        return frechet_distance(self.reference.gaussian, generated, self.half)


def measure(evaluator: Evaluator, images: Iterable[Tensor]) -> Measured:
    """All figures of ``evaluator.num`` generated ``images``, uint8 (n, C, h, w) pieces.

    What the reference does not know is left out: statistics from elsewhere give FID and scores.
    Raises GanpipeError for fewer than two images.
    """
    statistics = evaluator.see(images)
    score, score_std = score_of_splits(statistics.scores)
    if (smallest := min(split.num for split in statistics.scores)) < FEW_IN_SPLIT:
        log.warning(
            f"the score is the mean of splits of {smallest} images, whose scores cannot "
            f"pass {smallest}"
        )
    name = "score" if evaluator.extractor.name == "classifier" else "inception_score"
    copies, closest = _copies(statistics, evaluator.reference)
    figures = {
        **_fid(evaluator, statistics),
        **_kid(evaluator, statistics),
        **_overlap(evaluator, statistics),
        name: score,
        f"{name}_std": score_std,
        **copies,
    }
    named = _named(evaluator, figures) | _classes(evaluator, statistics)
    return Measured(named, closest, statistics.predicted)


def fid_alone(evaluator: Evaluator, images: Iterable[Tensor]) -> Measured:
    """FID and nothing else, in the time that it takes."""
    statistics = evaluator.see(images)
    figures = {"fid": evaluator.fid(statistics), "fid_floor": evaluator.floor}
    return Measured(_named(evaluator, figures), None)


def curve_point(evaluator: Evaluator, images: Iterable[Tensor]) -> dict[str, float]:
    """FID and KID alone, under the extractor's names: what a curve over training needs.

    Raises GanpipeError where the reference has no features, which KID compares with.
    """
    if evaluator.reference.features is None:
        raise GanpipeError(f"the reference statistics hold no features for KID; {AGAIN}")
    statistics = evaluator.see(images)
    return _named(
        evaluator, {"fid": evaluator.fid(statistics), "kid": _kid(evaluator, statistics)["kid"]}
    )


def _named(evaluator: Evaluator, figures: dict[str, Any]) -> dict[str, Any]:
    """The figures that there are, under the extractor's names, all of them finite."""
    named = {
        evaluator.extractor.key(key): value for key, value in figures.items() if value is not None
    }
    for name, value in named.items():
        if not math.isfinite(value):
            raise GanpipeError(
                f"{name} came out as {value}: the reference statistics hold numbers beyond all "
                f"measure; {AGAIN}"
            )
    return named


def warn_if_small(num_generated: int, num_real: int | None) -> None:
    """Say on stderr that FID of so few images is mostly its own bias."""
    for what, num in (("generated", num_generated), ("real", num_real)):
        if num is not None and num < SMALL_SAMPLE:
            log.warning(
                f"FID of {num} {what} images is mostly bias; compare it only with figures "
                f"of the same number, or take {SMALL_SAMPLE} or more"
            )


def _fid(evaluator: Evaluator, statistics: Statistics) -> dict[str, Any]:
    """FID, its spread under another draw, and what real images would get."""
    figures = {
        "fid": evaluator.fid(statistics),
        "fid_std": jackknife(lambda kept: evaluator.fid(statistics, kept), len(statistics.blocks)),
        "fid_floor": evaluator.floor,
    }
    if evaluator.fid_infinity:
        sizes = evaluator.subsets()
        values = [evaluator.fid(statistics, range(count)) for count in sizes]
        figures["fid_infinity"] = extrapolate(list(sizes.values()), values)
    return figures


def _kid(evaluator: Evaluator, statistics: Statistics) -> dict[str, Any]:
    real = evaluator.reference
    if real.features is None or real.within is None:
        return {}
    kid = kernel_distance(statistics.features.double(), real.features.double(), real.within)
    return {"kid": kid.value, "kid_std": kid.std}


def _overlap(evaluator: Evaluator, statistics: Statistics) -> dict[str, Any]:
    """The four figures of neighbours; of too few images none, and a line on stderr says so."""
    real = evaluator.reference
    if real.features is None:
        return {}
    if min(len(statistics.features), len(real.features)) < NEEDED:
        log.warning(
            f"precision, recall, density and coverage need the features of {NEEDED} "
            f"images a side; of {len(statistics.features)} generated and {len(real.features)} real ones "
            "they are left out"
        )
    elif real.radii is not None:
        return overlap(statistics.features, real.features, real.radii)
    return {}


def _classes(evaluator: Evaluator, statistics: Statistics) -> dict[str, Any]:
    """How the images spread over the data's classes, which no other extractor knows."""
    ending = arithmetic(evaluator.extractor.precision)
    spread = statistics.spread.figures() if statistics.spread else {}
    return {name + ending: value for name, value in spread.items()}


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


def pick(images: Iterable[Tensor], wanted: list[int]) -> Tensor:
    """Images number ``wanted`` of a stream of (n, C, h, w) pieces, in that order."""
    found: dict[int, Tensor] = {}
    start = 0
    for piece in images:
        for index in np.intersect1d(wanted, range(start, start + len(piece))):
            found[int(index)] = piece[index - start]
        start += len(piece)
    return torch.stack([found[index] for index in wanted])
