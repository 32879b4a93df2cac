"""Numbers as functions of a run's progress."""

from __future__ import annotations

import math

import torch

from ganpipe.core.schema import Schedule
from ganpipe.optim.config import OptimizerConfig


def value_at(value: float | Schedule, progress: float) -> float:
    """The number after a share ``progress``, in [0, 1], of the run; ``value`` itself if it is not
    scheduled.

    Of ``cosine`` it is ``end + (start - end) (1 + cos πu) / 2``, where ``u`` runs from 0 at the
    share ``begin`` to 1 at ``until`` (Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without
    restarts).
    """
    if not isinstance(value, Schedule):
        return value
    if progress >= value.until:
        return value.end
    if progress <= value.begin:
        return value.start
    u = (progress - value.begin) / (value.until - value.begin)
    left = (1 + math.cos(math.pi * u)) / 2 if value.shape == "cosine" else 1 - u
    return value.end + (value.start - value.end) * left


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
