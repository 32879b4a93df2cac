"""How generated images spread over the classes, as the classifier sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

COVERED = 0.1  # a class counts as covered from this part of its share in the training data on


class ClassSpread:
    """Counts of predicted classes and the confidence in them, as images stream by."""

    def __init__(self, training_share: dict[str, float]) -> None:
        self.training_share = training_share  # by class name, in label order
        self.counts = np.zeros(len(training_share), dtype=np.int64)
        self.confidence = 0.0

    def update(self, logits: Tensor) -> None:
        """Take in (n, classes) logits."""
        confidence, predicted = logits.double().softmax(dim=1).max(dim=1)
        self.counts += np.bincount(predicted.numpy(), minlength=len(self.counts))
        self.confidence += float(confidence.sum())

    def figures(self) -> dict[str, Any]:
        """``class_share`` by name, ``classes_covered`` and ``mean_confidence`` in (0, 1].

        A class is covered where its share is at least a tenth of its share in the training data;
        confidence is the probability of the predicted class.
        """
        total = int(self.counts.sum())
        shares = self.counts / total
        wanted = np.array(list(self.training_share.values()))
        return {
            "classes_covered": int(((self.counts > 0) & (shares >= COVERED * wanted)).sum()),
            "mean_confidence": self.confidence / total,
            "class_share": dict(zip(self.training_share, shares.tolist(), strict=True)),
        }
