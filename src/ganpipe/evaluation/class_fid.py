"""FID of each class: images that were asked for a class against real images of it.

The intra-FID of Miyato & Koyama 2018 (arXiv:1802.05637), with the features of the extractor that
knows the data's classes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from torch import Tensor

from ganpipe.evaluation.reference import Reference
from ganpipe.metrics.frechet import frechet_distance
from ganpipe.metrics.moments import Gaussian, Moments

log = logging.getLogger(__name__)


class ClassFid(NamedTuple):
    """FID of one class, and what it was estimated from."""

    num: int  # generated images
    num_real: int
    fid: float | None  # None where a side has fewer than two images
    floor: float | None  # FID of as many held-out images, or of all there are; None of below two


CLASS_COLUMNS = ("class", *ClassFid._fields)


def class_fids(
    features: Tensor, asked: Tensor, reference: Reference, classes: int
) -> list[ClassFid]:
    """FID of each of ``classes`` classes, in label order.

    ``features`` (N, d) are those of generated images that were asked for the classes ``asked``,
    int64 (N,). Empty where the reference does not know the classes of its images. Logs a warning
    where a class has fewer images than a covariance needs.
    """
    if reference.features is None or reference.labels is None:
        return []
    found = []
    for label in range(classes):
        generated = features[asked == label]
        real = _gaussian(reference.features[reference.labels == label])
        fid = _distance(real, _gaussian(generated))
        floor = None
        if reference.held_out is not None and reference.held_out_labels is not None:
            held_out = reference.held_out[reference.held_out_labels == label]
            floor = _distance(real, _gaussian(held_out[: len(generated)]))
        num_real = int((reference.labels == label).sum())
        found.append(ClassFid(len(generated), num_real, fid, floor))
    _warn_of_few(found, features.shape[1])
    return found


def mean_fid(found: list[ClassFid]) -> dict[str, float | None]:
    """``class_fid`` and ``class_fid_floor``, the means over the classes that have an FID; None
    where there is nothing to take the mean of."""
    known = [each for each in found if each.fid is not None]
    return {
        "class_fid": _mean([each.fid for each in known]),
        "class_fid_floor": _mean([each.floor for each in known]),
    }


def table(found: Sequence[ClassFid], names: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of metrics/class_fid.csv, whose columns are CLASS_COLUMNS."""
    return [{"class": name, **each._asdict()} for name, each in zip(names, found, strict=False)]


def _mean(values: list[float | None]) -> float | None:
    """The mean of all values, or None where there is none or one is missing."""
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _gaussian(features: Tensor) -> Gaussian | None:
    """Mean and covariance of (n, d) features, None of fewer than two."""
    if len(features) < 2:
        return None
    moments = Moments(features.shape[1])
    moments.update(features)
    return moments.gaussian()


def _distance(real: Gaussian | None, other: Gaussian | None) -> float | None:
    return None if real is None or other is None else frechet_distance(real, other)


def _warn_of_few(found: list[ClassFid], width: int) -> None:
    """Log that classes are left out, or that the FID of a class is mostly its own bias."""
    if left_out := sum(each.fid is None for each in found):
        log.warning(
            f"{left_out} of {len(found)} classes have fewer than two images on one side, and so no "
            "FID of their own (metrics/class_fid.csv)"
        )
    counted = [min(each.num, each.num_real) for each in found if each.fid is not None]
    if counted and min(counted) <= width:
        log.warning(
            f"the FID of a class is of as few as {min(counted)} images, whose covariance of "
            f"{width} features is singular: it is mostly bias; read it beside its floor, or raise "
            "evaluate.num_generated, num_reference and max_features"
        )
