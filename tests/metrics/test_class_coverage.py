"""Shares, coverage and confidence of predicted classes."""

from __future__ import annotations

import math

import pytest
import torch

from ganpipe.metrics.class_coverage import ClassCoverage


def sure_of(*classes: int) -> torch.Tensor:
    """Logits that name ``classes`` with a probability of 0.9 among four."""
    logits = torch.full((len(classes), 4), math.log(0.1 / 3))
    logits[torch.arange(len(classes)), list(classes)] = math.log(0.9)
    return logits


def test_a_class_below_a_tenth_of_its_training_share_is_not_covered() -> None:
    coverage = ClassCoverage({"a": 0.5, "b": 0.25, "c": 0.25, "never seen": 0.0})
    coverage.update(sure_of(*[0] * 60))
    coverage.update(sure_of(*[0] * 36, 1, 2, 2, 2))
    assert coverage.shares() == {"a": 0.96, "b": 0.01, "c": 0.03, "never seen": 0}
    metrics = coverage.metrics()
    assert metrics["classes_covered"] == 2
    assert metrics["mean_confidence"] == pytest.approx(0.9)


def test_a_class_that_training_never_showed_counts_as_one_in_a_million() -> None:
    coverage = ClassCoverage({"a": 1.0, "b": 0.0, "c": 0.0, "never seen": 0.0})
    coverage.update(sure_of(0, 3))
    expected = 0.5 * math.log(0.5) + 0.5 * math.log(0.5e6)
    assert coverage.metrics()["class_kl"] == pytest.approx(expected)
