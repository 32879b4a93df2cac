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

    ``correction`` is the share of a player's updates that are not extra, in (0, 1]. A lazy loss has
    extra updates of its own. Adam divides by the size of past gradients, so each of them moves the
    weights as far as any other update does. Multiplying the rate by the correction and raising the
    decays to its power keeps the distance and the memory per training step as they are without
    lazy updates (Karras et al. 2020, arXiv:1912.04958, appendix B). RMSprop divides alike and is
    corrected alike, which the paper does not treat. SGD is not corrected: its updates are as long
    as its gradients.
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
