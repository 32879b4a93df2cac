"""Metrics of translated test pictures, beside what doing nothing would get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images
from ganpipe.data.loading.sources import (
    has_truth,
    load_about,
    load_pairing,
    load_rows,
    load_source_images,
)
from ganpipe.evaluation.evaluator import Evaluator, Measured
from ganpipe.evaluation.spool import Spool
from ganpipe.evaluation.translation_features import (
    about_way_back,
    classes_kept,
    way_back_seen,
    with_channels,
)
from ganpipe.metrics.image_distance import ImageDistance
from ganpipe.sampling.draw import draw, images_of
from ganpipe.sampling.pictures import (
    BACK,
    as_input,
    most_images,
    pictures_for,
    translates,
    way_back,
)
from ganpipe.sampling.sampler import Sampler
from ganpipe.sampling.samplers.translate import evaluation_mode
from ganpipe.sampling.trained import Trained, load_trained

BLOCK = 250  # pictures in memory at once


def translation_metrics(
    path: Path,
    trained: Trained,
    made: Spool,
    *,
    evaluators: Sequence[Evaluator],
    measured: Sequence[Measured],
) -> dict[str, float]:
    """Metrics of a translator in ``path``, whose translations of the test pictures are ``made``,
    and of the way back where the model has one; none of a generator that draws from noise.

    ``l1``, ``psnr``, ``ssim`` and, in colour, ``chroma_l1`` are to the truth, the same ending in
    ``_unchanged`` are those of the source itself, in ``_mean_image`` those of the mean of the
    training images. ``cycle_l1`` compares the source with what comes back. What the ``evaluators``
    see, that have ``measured`` the translations, is that of
    :mod:`ganpipe.evaluation.translation_features`.
    """
    if not translates(trained.sampler):
        return {}
    metrics = _distances(trained.sampler, made.pieces())
    metrics |= classes_kept(evaluators, measured, pictures_for(trained.sampler).given)
    if (beside := way_back(path)).exists():
        back = load_trained(beside, trained.device)
        metrics["cycle_l1"] = _cycle(trained.sampler, back.sampler, made.pieces())
        num = most_images(back.sampler, len(made.images))
        pieces = list(_translations(back, num))
        found = _distances(back.sampler, pieces)
        found["cycle_l1"] = _cycle(back.sampler, trained.sampler, pieces)
        found |= way_back_seen(evaluators, pieces, pictures_for(back.sampler).given)
        metrics |= {f"{name}_{BACK}": value for name, value in found.items()}
    return metrics


def about_translation(
    path: Path, sampler: Sampler, evaluators: Sequence[Evaluator]
) -> dict[str, Any]:
    """Record of how a translator in ``path`` was evaluated."""
    truth = "the other side of the pair"
    if not load_pairing(paths.SOURCE).paired:
        truth = "hidden from the training" if has_truth(paths.SOURCE) else "not known"
    back = {"way_back": about_way_back(evaluators)} if way_back(path).exists() else {}
    return {
        "pictures": "the first of the test split",
        "source": load_about(paths.SOURCE),
        "truth": truth,
        "distances": "uint8 / 255; PSNR of the mean squared error; SSIM of 11 x 11 pixels",
        "torchmetrics": version("torchmetrics"),
        **evaluation_mode(sampler),
        **back,
    }


def _translations(trained: Trained, num: int) -> Iterator[Tensor]:
    given = as_input(pictures_for(trained.sampler).given[:num])
    for drawn in draw(trained.sampler, num, trained.seed, given=given):
        yield drawn.images


def _distances(sampler: Sampler, made: Iterable[Tensor]) -> dict[str, float]:
    """Distances to the truth, and those of the baselines; none where it is not known, or one of
    many that are possible."""
    given, truth = pictures_for(sampler)
    if truth is None or _has_many_truths(sampler):
        return {}
    mean = _mean_image(sampler)
    sums = {"": ImageDistance(), "_unchanged": ImageDistance(), "_mean_image": ImageDistance()}
    for piece, source, right in _beside(made, given, truth):
        sums[""].update(piece, right)
        sums["_unchanged"].update(with_channels(source, right.shape[1]), right)
        sums["_mean_image"].update(mean.expand_as(right), right)
    return {
        f"{name}{ending}": value
        for ending, each in sums.items()
        for name, value in each.metrics().items()
    }


def _cycle(there: Sampler, back: Sampler, made: Iterable[Tensor]) -> float:
    """The mean |x - y| of source pictures and of what comes back, on values from 0 to 1."""
    distance = ImageDistance()
    for piece, given in _beside(made, pictures_for(there).given):
        distance.update(images_of(back, as_input(piece.numpy(), back.device)), given)
    return distance.metrics()["l1"]


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


def _beside(made: Iterable[Tensor], *sides: np.ndarray) -> Iterator[tuple[Tensor, ...]]:
    """Pieces of translations, each with the same rows of ``sides``, uint8 (N, C, h, w)."""
    start = 0
    for piece in made:
        rows = slice(start, start + len(piece))
        yield piece, *(torch.from_numpy(np.array(side[rows])) for side in sides)
        start += len(piece)
