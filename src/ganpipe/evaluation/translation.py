"""Metrics of translated test pictures, beside what doing nothing would get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images, load_labels
from ganpipe.data.loading.sources import load_about, load_pairing, load_rows, load_source_images
from ganpipe.data.source.pixels import luma
from ganpipe.evaluation.evaluator import Measured
from ganpipe.evaluation.spool import Spool
from ganpipe.metrics.image_distance import ImageDistance
from ganpipe.sampling.draw import draw, images_of
from ganpipe.sampling.pictures import (
    BACK,
    Pictures,
    as_input,
    as_rgb,
    pictures_for,
    translates,
    way_back,
)
from ganpipe.sampling.sampler import Sampler
from ganpipe.sampling.samplers.translate import evaluation_mode
from ganpipe.sampling.trained import Trained, load_trained

BLOCK = 250  # pictures in memory at once


def translation_metrics(
    path: Path, trained: Trained, made: Spool, measured: list[Measured]
) -> dict[str, float]:
    """Metrics of a translator in ``path``, whose translations of the test pictures are ``made``,
    and of the way back where the model has one; none of a generator that draws from noise.

    ``l1``, ``psnr``, ``ssim`` and, in colour, ``chroma_l1`` are to the truth, the same ending in
    ``_unchanged`` are those of the source itself, in ``_mean_image`` those of the mean of the
    training images. ``cycle_l1`` compares the source with what comes back. ``class_kept`` is the
    share of translations in which the classifier sees the class of the picture.
    """
    if not translates(trained.sampler):
        return {}
    beside = way_back(path)
    back = load_trained(beside, trained.device) if beside.exists() else None
    metrics = _distances(trained.sampler, made.pieces())
    metrics |= _class_kept(measured)
    if back is not None:
        metrics["cycle_l1"] = _cycle(trained.sampler, back.sampler, made.pieces())
        pieces = list(_translations(back, len(made.images)))
        found = _distances(back.sampler, pieces)
        found["cycle_l1"] = _cycle(back.sampler, trained.sampler, pieces)
        metrics |= {f"{name}_{BACK}": value for name, value in found.items()}
    return metrics


def about_translation(sampler: Sampler) -> dict[str, Any]:
    """Record of how a translator was evaluated."""
    paired = load_pairing(paths.SOURCE).paired
    return {
        "pictures": "the first of the test split",
        "source": load_about(paths.SOURCE),
        "truth": "the other side of the pair" if paired else "hidden from the training",
        "distances": "uint8 / 255; PSNR of the mean squared error; SSIM of 11 x 11 pixels",
        "torchmetrics": version("torchmetrics"),
        **evaluation_mode(sampler),
    }


def _translations(trained: Trained, num: int) -> Iterator[Tensor]:
    given = as_input(pictures_for(trained.sampler).given[:num])
    for drawn in draw(trained.sampler, num, trained.seed, given=given):
        yield drawn.images


def _distances(sampler: Sampler, made: Iterable[Tensor]) -> dict[str, float]:
    """Distances to the truth, and those of the baselines; none where one truth was drawn of many
    that are possible."""
    if _has_many_truths(sampler):
        return {}
    pictures, mean = pictures_for(sampler), _mean_image(sampler)
    sums = {"": ImageDistance(), "_unchanged": ImageDistance(), "_mean_image": ImageDistance()}
    for piece, (given, truth) in _beside(made, pictures):
        sums[""].update(piece, truth)
        sums["_unchanged"].update(_with_channels(given, truth.shape[1]), truth)
        sums["_mean_image"].update(mean.expand_as(truth), truth)
    return {
        f"{name}{ending}": value
        for ending, each in sums.items()
        for name, value in each.metrics().items()
    }


def _cycle(there: Sampler, back: Sampler, made: Iterable[Tensor]) -> float:
    """The mean |x - y| of source pictures and of what comes back, on values from 0 to 1."""
    distance = ImageDistance()
    for piece, (given, _) in _beside(made, pictures_for(there)):
        distance.update(images_of(back, as_input(piece.numpy(), back.device)), given)
    return distance.metrics()["l1"]


def _class_kept(measured: list[Measured]) -> dict[str, float]:
    """The share of translations that show the class of their picture, where both are known."""
    knows = next((each.predicted for each in measured if each.predicted is not None), None)
    labels = load_labels(paths.PREPARED, "test")
    if knows is None or labels is None:
        return {}
    return {"class_kept": float((knows.numpy() == labels[: len(knows)]).mean())}


def _has_many_truths(sampler: Sampler) -> bool:
    direction = getattr(sampler.config, "direction", "a_to_b")
    return direction == BACK and bool(load_about(paths.SOURCE).get("drawn"))


def _mean_image(sampler: Sampler) -> Tensor:
    """The mean of the training images of the domain that the sampler makes, uint8 (1, C, h, w)."""
    if getattr(sampler.config, "direction", "a_to_b") == BACK:
        images, rows = load_source_images(paths.SOURCE, "train"), None
    else:
        images = load_images(paths.PREPARED, "train")
        paired = load_pairing(paths.SOURCE).paired
        rows = None if paired else load_rows(paths.SOURCE, "target")
    count = len(images) if rows is None else len(rows)
    total = np.zeros(images.shape[1:])
    for start in range(0, count, BLOCK):
        chosen = slice(start, start + BLOCK)
        total += images[chosen if rows is None else rows[chosen]].sum(0, dtype=np.float64)
    return torch.from_numpy(np.rint(total / count).astype(np.uint8))[None]


def _with_channels(images: Tensor, channels: int) -> Tensor:
    """uint8 (n, C, h, w) -> (n, channels, h, w): grey as three equal channels, colour as luma."""
    if images.shape[1] == channels:
        return images
    if channels == 3:
        return as_rgb(images)
    return torch.from_numpy(np.rint(luma(images.numpy())).astype(np.uint8))


def _beside(
    made: Iterable[Tensor], pictures: Pictures
) -> Iterator[tuple[Tensor, tuple[Tensor, Tensor]]]:
    """Pieces of translations, each with its source pictures and truths."""
    start = 0
    for piece in made:
        rows = slice(start, start + len(piece))
        given, truth = (torch.from_numpy(np.array(side[rows])) for side in pictures)
        yield piece, (given, truth)
        start += len(piece)
