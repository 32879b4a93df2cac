"""Learning rates as functions of a run's progress."""

from __future__ import annotations

import torch

from ganpipe.optim.config import OptimizerConfig


def lr_at(settings: OptimizerConfig, progress: float) -> float:
    """The learning rate after a share ``progress``, in [0, 1), of the run."""
    if progress <= settings.lr_decay_from:
        return settings.lr
    return settings.lr * (1 - progress) / (1 - settings.lr_decay_from)


def set_learning_rate(
    optimizer: torch.optim.Optimizer, settings: OptimizerConfig, progress: float
) -> None:
    """Set the rate of every parameter group after a share ``progress`` of the run."""
    if settings.lr_decay_from < 1:
        for group in optimizer.param_groups:
            group["lr"] = lr_at(settings, progress) * group.get("lr_scale", 1.0)
