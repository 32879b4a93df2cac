"""Figures of translations by the extractors: the classes that are kept, and the domain of the way
back, whose real images no stage has measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_labels
from ganpipe.data.loading.sources import has_truth, load_source_images
from ganpipe.data.source.pixels import luma
from ganpipe.evaluation.evaluator import Evaluator, Measured
from ganpipe.evaluation.reference import Reference, about, fixed_order, pieces
from ganpipe.evaluation.statistics import collect
from ganpipe.features.extractor import Extractor, outputs
from ganpipe.sampling.pictures import as_rgb

ONE = 1  # image whose features are stored: the distance of Gaussians needs none


def classes_kept(
    evaluators: Sequence[Evaluator], measured: Sequence[Measured], given: np.ndarray
) -> dict[str, float]:
    """``class_kept``, the share of translations in which the classifier sees the class of their
    picture, and ``class_kept_unchanged``, the share of ``given``, uint8 (N, C, h, w), in which it
    does; neither where classes are not known."""
    for evaluator, each in zip(evaluators, measured, strict=True):
        if each.predicted is not None and evaluator.extractor.training_share:
            unchanged = _classes_seen(evaluator, given[: len(each.predicted)])
            return _kept(each.predicted, unchanged)
    return {}


def way_back_seen(
    evaluators: Sequence[Evaluator], made: Sequence[Tensor], given: np.ndarray
) -> dict[str, float]:
    """FID of the translations ``made``, uint8 (n, C, h, w) pieces, of the targets ``given``, by
    every extractor against as many real sources as it compares the way there with; its floor,
    that of as many test sources, unless they are what is compared with; and the classes kept."""
    metrics: dict[str, float] = {}
    num = sum(map(len, made))
    for evaluator in evaluators:
        extractor = evaluator.extractor
        images, rows = _real_sources(evaluator)
        real = collect(
            extractor,
            as_taken(extractor, pieces(images, rows)),
            num=len(rows),
            max_features=ONE,
            batch_size=evaluator.batch_size,
        )
        reference = Reference(real.gaussian(), about(extractor, real))
        against = replace(
            evaluator, reference=reference, num=num, max_features=ONE, fid_infinity=False
        )
        statistics = against.collect(as_taken(extractor, made))
        metrics[extractor.key("fid")] = against.fid(statistics)
        if _split(evaluator) == "train":
            held_out = _held_out_sources(evaluator)
            floor = replace(against, num=len(held_out))
            unseen = floor.collect(as_taken(extractor, pieces(held_out, np.arange(len(held_out)))))
            metrics[extractor.key("fid_floor")] = floor.fid(unseen)
        if statistics.predicted is not None and extractor.training_share:
            metrics |= _kept(statistics.predicted, _classes_seen(evaluator, given[:num]))
    return metrics


def about_way_back(evaluators: Sequence[Evaluator]) -> dict[str, Any]:
    """Record of the real sources that every extractor compares the way back with."""
    record: dict[str, Any] = {}
    for evaluator in evaluators:
        images, rows = _real_sources(evaluator)
        split = _split(evaluator)
        floor = {"num_floor": len(_held_out_sources(evaluator))} if split == "train" else {}
        record[str(evaluator.extractor.name)] = {
            "split": split,
            "num_real": len(rows),
            **floor,
            "channels": _taken(evaluator.extractor, images.shape[1]),
        }
    return record


def with_channels(images: Tensor, channels: int) -> Tensor:
    """uint8 (n, C, h, w) -> (n, channels, h, w): grey as three equal channels, colour as luma."""
    if images.shape[1] == channels:
        return images
    if channels == 3:
        return as_rgb(images)
    return torch.from_numpy(np.rint(luma(images.numpy())).astype(np.uint8))


def as_taken(extractor: Extractor, images: Iterable[Tensor]) -> Iterator[Tensor]:
    """Pieces of images in channels that the extractor takes: a classifier takes those of the
    targets alone."""
    for piece in images:
        yield with_channels(piece, _taken(extractor, piece.shape[1]))


def _taken(extractor: Extractor, channels: int) -> int:
    return channels if channels in extractor.channels else extractor.channels[0]


def _kept(seen: Tensor, unchanged: Tensor) -> dict[str, float]:
    labels = load_labels(paths.PREPARED, "test")
    if labels is None or not has_truth(paths.SOURCE):  # a row of the other side is of another class
        return {}
    return {
        name: float((found.numpy() == labels[: len(found)]).mean())
        for name, found in (("class_kept", seen), ("class_kept_unchanged", unchanged))
    }


def _classes_seen(evaluator: Evaluator, images: np.ndarray) -> Tensor:
    """The classes that the extractor predicts for uint8 (N, C, h, w), int64 (N,)."""
    shown = as_taken(evaluator.extractor, pieces(images, np.arange(len(images))))
    found = outputs(evaluator.extractor, shown, evaluator.batch_size)
    return torch.cat([output.logits.argmax(dim=1) for output in found])


def _split(evaluator: Evaluator) -> Any:
    return "test" if evaluator.reference.protocol.get("split") == "test" else "train"


def _real_sources(evaluator: Evaluator) -> tuple[np.ndarray, np.ndarray]:
    """Source pictures and the rows that are compared with: of the same split as the targets', and
    as many if there are."""
    images = load_source_images(paths.SOURCE, _split(evaluator))
    return images, fixed_order(len(images))[: evaluator.reference.gaussian.num]


def _held_out_sources(evaluator: Evaluator) -> np.ndarray:
    """As many source pictures of the test split as are evaluated, or all if there are fewer."""
    return load_source_images(paths.SOURCE, "test")[: evaluator.num]
