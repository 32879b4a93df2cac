"""Classes that a conditional generator was asked for, beside those that the classifier finds."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ganpipe.features.config import Precision
from ganpipe.features.extractor import arithmetic


def confusion(
    asked: Tensor | None, predicted: Tensor | None, classes: Sequence[str]
) -> list[dict[str, str]]:
    """For each image the class that was asked for and the class that is seen in it, by name.

    ``asked`` and ``predicted`` are int64 (N,). Empty without one of them: an unconditional
    generator, an extractor that does not know the data's classes.
    """
    if asked is None or predicted is None:
        return []
    pairs = zip(asked.tolist(), predicted.tolist(), strict=True)
    return [{"asked": classes[label], "seen": classes[guess]} for label, guess in pairs]


def class_accuracy(rows: list[dict[str, str]], precision: Precision) -> dict[str, float]:
    """The share of images that show the class asked for, where one was asked for."""
    if not rows:
        return {}
    right = sum(row["asked"] == row["seen"] for row in rows)
    return {f"class_accuracy{arithmetic(precision)}": right / len(rows)}
