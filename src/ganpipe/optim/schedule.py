"""Numbers as functions of a run's progress."""

from __future__ import annotations

import math
from typing import Any

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


def rates_at(settings: OptimizerConfig, progress: float, correction: float = 1.0) -> dict[str, Any]:
    """The keywords of the optimizer that a schedule or a correction changes, after a share
    ``progress``, in [0, 1], of the run.

    ``correction`` is the share of a player's updates that are not lazy, in (0, 1]. A lazy loss has
    updates of its own, of which each goes as far as any other where the optimizer divides by the
    size of past gradients; so the rate is multiplied by the correction, and decays are raised to
    its power, which leaves the way and the memory of a step as they were without lazy updates
    (Karras et al. 2020, arXiv:1912.04958, appendix B, of Adam). RMSprop divides alike and is
    treated alike. The steps of SGD are as long as its gradients, and it is left as it is.
    """
    lr = value_at(settings.lr, progress)
    match settings.name:
        case "sgd":
            return {"lr": lr}
        case "rmsprop":
            return {"lr": lr * correction, "alpha": settings.alpha**correction}
        case "adam" | "adamw":
            first, second = settings.betas
            if settings.beta2 is not None:
                second = value_at(settings.beta2, progress)
            return {"lr": lr * correction, "betas": (first**correction, second**correction)}


def set_rates(
    optimizer: torch.optim.Optimizer,
    settings: OptimizerConfig,
    progress: float,
    correction: float = 1.0,
) -> None:
    """Set what :func:`rates_at` says in every parameter group; a group's ``lr_scale`` is a factor
    on its learning rate."""
    rates = rates_at(settings, progress, correction)
    for group in optimizer.param_groups:
        group.update(rates, lr=rates["lr"] * group.get("lr_scale", 1.0))
