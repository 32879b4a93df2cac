"""All figures of one ruler, from one pass of the generated images through it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganpipe.errors import GanpipeError
from ganpipe.metrics.collect import Seen, collect
from ganpipe.metrics.fid_infinity import extrapolate, subset_sizes
from ganpipe.metrics.frechet import frechet_distance, root
from ganpipe.metrics.kid import kernel_distance
from ganpipe.metrics.moments import Gaussian, Moments
from ganpipe.metrics.neighbours import NEEDED, nearest, overlap
from ganpipe.metrics.reference import Reference
from ganpipe.metrics.ruler import Ruler, arithmetic
from ganpipe.metrics.scores import score_of_splits
from ganpipe.metrics.spread import block_bounds, jackknife

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
    """The figures under the ruler's names, and what shows whether the generator copies."""

    figures: dict[str, Any]
    closest: Pairs | None  # where the reference knows training images
    predicted: Tensor | None = None  # (N,) int64 classes, where the ruler knows the data's


@dataclass(frozen=True)
class Judge:
    """A ruler and what it compares with, ready for any number of generators.

    Raises GanpipeError where the reference says that another ruler, or the same one with other
    weights or arithmetic, made it, and where so few images give no ``fid_infinity``.
    """

    ruler: Ruler
    reference: Reference
    num: int  # generated images
    batch_size: int  # images per pass through the ruler
    max_features: int  # images whose features are kept, at most
    fid_infinity: bool = False

    def __post_init__(self) -> None:
        for field, value in self.ruler.protocol.items():
            if self.reference.protocol.get(field, value) != value:
                raise GanpipeError(
                    f"the reference statistics were made with another ruler than "
                    f"'{self.ruler.name}' as it is now ({field}: "
                    f"{self.reference.protocol[field]}, not {value}); {AGAIN}"
                )
        if (width := len(self.reference.gaussian.mu)) != self.ruler.width:
            raise GanpipeError(
                f"the reference statistics are of {width} features, the ruler "
                f"'{self.ruler.name}' has {self.ruler.width}; {AGAIN}"
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

    def see(self, images: Iterable[Tensor]) -> Seen:
        """One pass of ``num`` images, uint8 (n, C, h, w) pieces."""
        return collect(self.ruler, images, self.num, self.max_features, self.batch_size)

    def fid(self, seen: Seen, kept: Iterable[int] | None = None) -> float:
        """FID of what was seen, or of the ``kept`` blocks of it."""
        return self._distance(seen.gaussian(kept))

    @cached_property
    def floor(self) -> float | None:
        """FID of as many held-out real images as are judged, or of all that are known: what a
        perfect generator would get. None where the reference knows none."""
        if self.reference.held_out is None:
            return None
        if (known := len(self.reference.held_out)) < self.num:
            print(
                f"warning: the floor is of {known} held-out images, and FID of {self.num} may come "
                "out below it",
                file=sys.stderr,
            )
        moments = Moments(self.reference.held_out.shape[1])
        moments.update(self.reference.held_out[: self.num])
        return self._distance(moments.gaussian())

    def protocol(self) -> dict[str, Any]:
        """What the images were held against; of statistics from elsewhere, that it is not known."""
        real = self.reference
        about = real.protocol or dict.fromkeys(("statistics_made_with", "num_real"), "not recorded")
        floor = {} if real.held_out is None else {"num_floor": min(self.num, len(real.held_out))}
        return {**about, **self.ruler.protocol, **floor}

    def _distance(self, generated: Gaussian) -> float:
        return frechet_distance(self.reference.gaussian, generated, self.half)


def measure(judge: Judge, images: Iterable[Tensor]) -> Measured:
    """All figures of ``judge.num`` generated ``images``, uint8 (n, C, h, w) pieces.

    What the reference does not know is left out: statistics from elsewhere give FID and scores.
    Raises GanpipeError for fewer than two images.
    """
    seen = judge.see(images)
    score, score_std = score_of_splits(seen.scores)
    if (smallest := min(split.num for split in seen.scores)) < FEW_IN_SPLIT:
        print(
            f"warning: the score is the mean of splits of {smallest} images, whose scores cannot "
            f"pass {smallest}",
            file=sys.stderr,
        )
    name = "score" if judge.ruler.name == "classifier" else "inception_score"
    copies, closest = _copies(seen, judge.reference)
    figures = {
        **_fid(judge, seen),
        **_kid(judge, seen),
        **_overlap(judge, seen),
        name: score,
        f"{name}_std": score_std,
        **copies,
    }
    named = _named(judge, figures) | _classes(judge, seen)
    return Measured(named, closest, seen.predicted)


def fid_alone(judge: Judge, images: Iterable[Tensor]) -> Measured:
    """FID and nothing else, in the time that it takes."""
    seen = judge.see(images)
    figures = {"fid": judge.fid(seen), "fid_floor": judge.floor}
    return Measured(_named(judge, figures), None)


def curve_point(judge: Judge, images: Iterable[Tensor]) -> dict[str, float]:
    """FID and KID alone, under the ruler's names: what a curve over training needs.

    Raises GanpipeError where the reference has no features, which KID compares with.
    """
    if judge.reference.features is None:
        raise GanpipeError(f"the reference statistics hold no features for KID; {AGAIN}")
    seen = judge.see(images)
    return _named(judge, {"fid": judge.fid(seen), "kid": _kid(judge, seen)["kid"]})


def _named(judge: Judge, figures: dict[str, Any]) -> dict[str, Any]:
    """The figures that there are, under the ruler's names, all of them finite."""
    named = {judge.ruler.key(key): value for key, value in figures.items() if value is not None}
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
            print(
                f"warning: FID of {num} {what} images is mostly bias; compare it only with figures "
                f"of the same number, or take {SMALL_SAMPLE} or more",
                file=sys.stderr,
            )


def _fid(judge: Judge, seen: Seen) -> dict[str, Any]:
    """FID, its spread under another draw, and what real images would get."""
    figures = {
        "fid": judge.fid(seen),
        "fid_std": jackknife(lambda kept: judge.fid(seen, kept), len(seen.blocks)),
        "fid_floor": judge.floor,
    }
    if judge.fid_infinity:
        sizes = judge.subsets()
        values = [judge.fid(seen, range(count)) for count in sizes]
        figures["fid_infinity"] = extrapolate(list(sizes.values()), values)
    return figures


def _kid(judge: Judge, seen: Seen) -> dict[str, Any]:
    real = judge.reference
    if real.features is None or real.within is None:
        return {}
    kid = kernel_distance(seen.features.double(), real.features.double(), real.within)
    return {"kid": kid.value, "kid_std": kid.std}


def _overlap(judge: Judge, seen: Seen) -> dict[str, Any]:
    """The four figures of neighbours; of too few images none, and a line on stderr says so."""
    real = judge.reference
    if real.features is None:
        return {}
    if min(len(seen.features), len(real.features)) < NEEDED:
        print(
            f"warning: precision, recall, density and coverage need the features of {NEEDED} "
            f"images a side; of {len(seen.features)} generated and {len(real.features)} real ones "
            "they are left out",
            file=sys.stderr,
        )
    elif real.radii is not None:
        return overlap(seen.features, real.features, real.radii)
    return {}


def _classes(judge: Judge, seen: Seen) -> dict[str, Any]:
    """How the images spread over the data's classes, which no other ruler knows."""
    ending = arithmetic(judge.ruler.precision)
    spread = seen.spread.figures() if seen.spread else {}
    return {name + ending: value for name, value in spread.items()}


def _copies(seen: Seen, reference: Reference) -> tuple[dict[str, float], Pairs | None]:
    """``closer_than_test``: the share of generated images that are nearer to a training image than
    half of the test images are. 0.5 for images as new as those; near 1 for copies, but for images
    that are smoother or less varied than the data, too."""
    if reference.searched is None or reference.test_median is None:
        return {}, None
    num, of_all = len(reference.searched), reference.protocol.get("num_train", 0)
    if num < of_all:
        print(
            f"warning: copies are looked for among {num} of {of_all} training images "
            "(evaluate.max_searched); those of the others go unnoticed",
            file=sys.stderr,
        )
    squared, index = nearest(seen.features, reference.searched)
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
