"""Reference statistics and figures by the toy extractor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ganpipe.evaluation.evaluator import Evaluator, measure
from ganpipe.evaluation.reference import Reference, Sizes, reference_of
from helpers.toy_extractor import TOY

SIZES = Sizes(num_reference=400, max_features=300, max_searched=500, batch_size=64)


def toy_reference(
    real: dict[str, np.ndarray],
    protocol: dict[str, Any] | None = None,
    *,
    split: str = "train",
    **changes: int,
) -> Reference:
    sizes = replace(SIZES, **changes)
    return reference_of(TOY, real, split=split, sizes=sizes, protocol=protocol or {})


def toy_evaluator(reference: Reference, num: int, **changes: Any) -> Evaluator:
    settings: dict[str, Any] = {"extractor": TOY, "batch_size": 64, "max_features": 300, **changes}
    return Evaluator(reference=reference, num=num, **settings)


def metrics_of(images: np.ndarray, reference: Reference, **changes: Any) -> dict[str, float]:
    evaluator = toy_evaluator(reference, len(images), **changes)
    return measure(evaluator, torch.from_numpy(images).split(70)).metrics
