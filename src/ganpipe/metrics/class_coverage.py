"""Coverage of the classes by generated images, as the classifier predicts them."""

from __future__ import annotations

import numpy as np
from torch import Tensor

COVERED = 0.1  # a class counts as covered from this part of its share in the training data on


class ClassCoverage:
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

    def shares(self) -> dict[str, float]:
        """The share of each class, by name."""
        shares = self.counts / self.counts.sum()
        return dict(zip(self.training_share, shares.tolist(), strict=True))

    def metrics(self) -> dict[str, float]:
        """``classes_covered``, ``class_kl`` and ``mean_confidence``.

        A class is covered where its share is at least a tenth of its share in the training data.
        ``class_kl`` is the divergence KL(generated || training) of the shares, in nats: 0 where
        they are equal, ln 10 for one class of ten. Confidence, in (0, 1], is the mean probability
        of the predicted class.
        """
        total = int(self.counts.sum())
        shares = self.counts / total
        wanted = np.array(list(self.training_share.values()))
        return {
            "classes_covered": int(((self.counts > 0) & (shares >= COVERED * wanted)).sum()),
            "class_kl": divergence(shares, wanted),
            "mean_confidence": self.confidence / total,
        }


def divergence(shares: np.ndarray, wanted: np.ndarray) -> float:
    """KL in nats; a class that training never showed counts as one image in a million there, so
    that the figure stays finite."""
    present = shares > 0
    ratio = shares[present] / np.maximum(wanted[present], 1e-6)
    return float((shares[present] * np.log(ratio)).sum())
