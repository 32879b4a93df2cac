"""Inception Score (Salimans et al. 2016), as predictions stream by."""

from __future__ import annotations

import numpy as np
from torch import Tensor


class PredictionSums:
    """Sums for the score of one split: exp of the mean KL of p(y|x) to the split's p(y)."""

    def __init__(self) -> None:
        self.num = 0
        self.probabilities: np.ndarray | float = 0.0  # (k,): sum over images
        self.negentropy = 0.0  # sum over images of sum p log p

    def update(self, logits: Tensor) -> None:
        """Take in (n, k) logits, possibly none."""
        if not len(logits):
            return
        log_p = logits.double().log_softmax(dim=1)
        p = log_p.exp()
        self.num += len(logits)
        self.probabilities = self.probabilities + p.sum(dim=0).numpy()
        self.negentropy += float((p * log_p).sum())

    def score(self) -> float:
        """In [1, k]: sum p (log p - log q), with q the split's mean of p."""
        q = np.asarray(self.probabilities) / self.num
        entropy = -(q[q > 0] * np.log(q[q > 0])).sum()
        return float(np.exp(self.negentropy / self.num + entropy))


def score_of_splits(splits: list[PredictionSums]) -> tuple[float, float]:
    """Mean and standard deviation over the splits, ten in the paper."""
    scores = [split.score() for split in splits if split.num]
    return float(np.mean(scores)), float(np.std(scores))
