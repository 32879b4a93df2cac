"""Trained generators before their evaluators: what the stages `snapshots` and `evaluate` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images
from ganpipe.evaluation.evaluator import Evaluator, Measured, measure, pick
from ganpipe.evaluation.reference import fixed_order, load_reference
from ganpipe.features.config import Precision
from ganpipe.features.extractor import Extractor, arithmetic
from ganpipe.features.memo import memoised
from ganpipe.sampling.draw import draw
from ganpipe.sampling.trained import Trained

PURPOSE = "evaluate"  # of the noise that the judged images are drawn from


@contextmanager
def open_evaluator(
    extractor: Extractor, num: int, batch_size: int, max_features: int, fid_infinity: bool = False
) -> Iterator[Evaluator]:
    """A judge of ``num`` images who compares with the project's statistics for ``extractor``.

    What a slow extractor computes outlives a block that is interrupted. Raises GanpipeError where the
    statistics are missing or were made with another extractor.
    """
    reference = load_reference(paths.REFERENCE / f"{extractor.name}.npz")
    with memoised(extractor) as keeping:
        yield Evaluator(keeping, reference, num, batch_size, max_features, fid_infinity)


def measure_each(
    evaluators: list[Evaluator], trained: dict[str, Trained]
) -> dict[str, list[Measured]]:
    """What every judge finds in every generator; nothing twice where two are the same snapshot."""
    found: dict[int, list[Measured]] = {}
    for generator in trained.values():
        if generator.provenance["images_seen"] not in found:
            found[generator.provenance["images_seen"]] = [
                measure(evaluator, drawn_images(generator, evaluator.num))
                for evaluator in evaluators
            ]
    return {rule: found[generator.provenance["images_seen"]] for rule, generator in trained.items()}


def merged(measured: list[Measured]) -> dict[str, Any]:
    """The figures of all evaluators; their names differ."""
    return {name: value for each in measured for name, value in each.figures.items()}


def summary(
    trained: Trained, evaluators: list[Evaluator], measured: list[Measured]
) -> dict[str, Any]:
    """FID and KID of one checkpoint."""
    figures = merged(measured)
    names = [
        evaluator.extractor.key(metric) for evaluator in evaluators for metric in ("fid", "kid")
    ]
    return {
        "images_seen": trained.provenance["images_seen"],
        **{name: figures[name] for name in names if name in figures},
    }


def confusion(trained: Trained, num: int, found: list[Measured]) -> list[dict[str, str]]:
    """For each image of a conditional generator the class that it was asked for and the class that
    the classifier sees; empty for other generators and without the classifier."""
    asked = drawn_labels(trained, num)
    predicted = next((each.predicted for each in found if each.predicted is not None), None)
    if asked is None or predicted is None:
        return []
    names = trained.sampler.domain.classes
    pairs = zip(asked.tolist(), predicted.tolist(), strict=True)
    return [{"asked": names[label], "seen": names[guess]} for label, guess in pairs]


def class_accuracy(asked_and_seen: list[dict[str, str]], precision: Precision) -> dict[str, float]:
    """The share of images that show what was asked for, where something was."""
    if not asked_and_seen:
        return {}
    right = sum(row["asked"] == row["seen"] for row in asked_and_seen)
    return {f"class_accuracy{arithmetic(precision)}": right / len(asked_and_seen)}


def closest_pairs(trained: Trained, num: int, measured: Measured) -> Tensor:
    """Rows of 8 generated images, each over the training images that are nearest to them: uint8
    (N, C, H, W), the last two rows filled up with white. A blank where there are too few real
    images to compare with."""
    if measured.closest is None:
        return torch.full((1, 1, 8, 8), 255, dtype=torch.uint8)
    generated = pick(drawn_images(trained, num), measured.closest.generated)
    train = load_images(paths.PREPARED, "train")
    training = torch.from_numpy(train[fixed_order(len(train))[measured.closest.training]])
    white = torch.full((-len(generated) % 8, *generated.shape[1:]), 255, dtype=torch.uint8)
    rows = [torch.cat([images, white]).split(8) for images in (generated, training)]
    return torch.cat([row for pair in zip(*rows, strict=True) for row in pair])


def drawn_images(trained: Trained, num: int, purpose: str = PURPOSE) -> Iterator[Tensor]:
    """The images of a draw."""
    return (drawn.images for drawn in draw(trained, num, trained.seed, purpose))


def drawn_labels(trained: Trained, num: int) -> Tensor | None:
    """The classes asked for in a draw."""
    labels = [drawn.label for drawn in draw(trained, num, trained.seed, PURPOSE)]
    return torch.cat(labels) if labels and labels[0] is not None else None  # type: ignore[arg-type]
