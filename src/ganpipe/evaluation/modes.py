"""Modes of Stacked MNIST that generated images cover, beside those of as many real images."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images
from ganpipe.data.loading.digits import MODES, load_digits, modes_of
from ganpipe.evaluation.evaluator import Evaluator, Measured
from ganpipe.evaluation.reference import fixed_order, pieces
from ganpipe.features.extractor import arithmetic, outputs
from ganpipe.metrics.mode_coverage import mode_coverage

log = logging.getLogger(__name__)


class ModeMetrics(NamedTuple):
    """Metrics by their names, and the record of how they were measured; both may be empty."""

    metrics: dict[str, float]
    record: dict[str, Any]


def mode_metrics(evaluators: Sequence[Evaluator], measured: Sequence[Measured]) -> ModeMetrics:
    """``modes_covered``, ``mode_kl`` and both of test images, ``_floor``, where an extractor knows
    modes; empty where none does.

    The classifier judges real and generated images alike, so that its mistakes are in the floor. It
    is of as many test images as were generated, or of all there are.
    """
    for evaluator, each in zip(evaluators, measured, strict=True):
        if evaluator.extractor.modes and each.predicted is not None:
            return _metrics(evaluator, each.predicted)
    return ModeMetrics({}, {})


def _metrics(evaluator: Evaluator, predicted: torch.Tensor) -> ModeMetrics:
    digits = load_digits(paths.PREPARED, "train")
    training = np.bincount(modes_of(digits), minlength=MODES)
    real = _modes_of_test_images(evaluator)
    if len(real) < evaluator.num:
        log.warning(
            f"the floor of the modes is of all {len(real)} test images, and {evaluator.num} "
            "generated ones may cover more"
        )
    record = {
        "modes": evaluator.extractor.modes,
        "in_training": int((training > 0).sum()),
        "num_training": len(digits),
        "num_floor": len(real),
        "covered": "by one image or more",
        "kl": "of the shares in the images from those in the training data, nats",
    }
    ending = arithmetic(evaluator.extractor.precision)
    metrics = {
        f"{name}{ending}{part}": value
        for part, modes in (("", predicted.numpy()), ("_floor", real))
        for name, value in mode_coverage(modes, training).items()
    }
    return ModeMetrics(metrics, record)


def _modes_of_test_images(evaluator: Evaluator) -> np.ndarray:
    """(n,) int64 modes that the extractor sees in test images, as many as it evaluates at most."""
    images = load_images(paths.PREPARED, "test")
    chosen = fixed_order(len(images))[: evaluator.num]
    seen = outputs(evaluator.extractor, pieces(images, chosen), evaluator.batch_size)
    return torch.cat([output.logits.argmax(dim=1) for output in seen]).numpy()
