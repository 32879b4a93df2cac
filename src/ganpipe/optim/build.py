"""Build optimizers from their fields in params.yaml."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ganpipe.optim.config import OptimizerConfig, PlayerOptimizers
from ganpipe.optim.schedule import rates_at


def resolve(default: OptimizerConfig, model: PlayerOptimizers, player: str) -> OptimizerConfig:
    """The optimizer of ``player``: its own fields, then the model's, then the default's.

    ``betas`` hide a ``beta2`` that is further away, which would otherwise overrule them.
    """
    changes: dict[str, Any] = {}
    for layer in (model, getattr(model, player, None)):
        given = {
            name: value
            for name in OptimizerConfig.model_fields
            if (value := getattr(layer, name, None)) is not None
        }
        if "betas" in given:
            changes["beta2"] = None
        changes |= given
    return default.model_copy(update=changes)


def parameter_groups(player: nn.Module) -> list[dict[str, Any]]:
    """The parameter groups that the networks of a player declare; a network that declares none has
    one group of all its parameters."""
    declared: Any = getattr(player, "parameter_groups", None)
    if declared is not None:
        groups: list[dict[str, Any]] = declared()
        return groups
    if isinstance(player, nn.ModuleDict):
        return [group for network in player.values() for group in parameter_groups(network)]
    return [{"params": list(player.parameters())}]


def build_optimizer(player: nn.Module, settings: OptimizerConfig) -> torch.optim.Optimizer:
    """The optimizer of one player at the start of a run, fused where PyTorch has a fused form."""
    rates = rates_at(settings, 0.0)
    groups = [
        {**group, "lr": rates["lr"] * group.get("lr_scale", 1.0)}
        for group in parameter_groups(player)
    ]
    decay = settings.weight_decay
    match settings.name:
        case "adam":
            return torch.optim.Adam(groups, **rates, weight_decay=decay, fused=True)
        case "adamw":
            return torch.optim.AdamW(groups, **rates, weight_decay=decay, fused=True)
        case "sgd":
            momentum = settings.momentum
            return torch.optim.SGD(
                groups, **rates, momentum=momentum, weight_decay=decay, fused=True
            )
        case "rmsprop":  # PyTorch has no fused form of it
            return torch.optim.RMSprop(groups, **rates, weight_decay=decay, foreach=True)
