"""Build optimizers from their fields in params.yaml."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ganpipe.optim.config import OptimizerConfig, PlayerOptimizers


def resolve(default: OptimizerConfig, model: PlayerOptimizers, player: str) -> OptimizerConfig:
    """The optimizer of ``player``: its own fields, then the model's, then the default's."""
    own = getattr(model, player, None)
    names = OptimizerConfig.model_fields
    changes = {
        name: value
        for layer in (model, own)
        for name in names
        if (value := getattr(layer, name, None)) is not None
    }
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
    """The optimizer of one player, fused where PyTorch has a fused form."""
    groups = [
        {**group, "lr": settings.lr * group.get("lr_scale", 1.0)}
        for group in parameter_groups(player)
    ]
    lr, decay = settings.lr, settings.weight_decay
    match settings.name:
        case "adam":
            return torch.optim.Adam(
                groups, lr=lr, betas=settings.betas, weight_decay=decay, fused=True
            )
        case "adamw":
            return torch.optim.AdamW(
                groups, lr=lr, betas=settings.betas, weight_decay=decay, fused=True
            )
        case "sgd":
            return torch.optim.SGD(
                groups, lr=lr, momentum=settings.momentum, weight_decay=decay, fused=True
            )
        case "rmsprop":  # PyTorch has no fused form of it
            return torch.optim.RMSprop(
                groups, lr=lr, alpha=settings.alpha, weight_decay=decay, foreach=True
            )
