"""From optimizer fields to an optimizer of PyTorch."""

from __future__ import annotations

import torch
from torch import nn

from ganpipe.optim.config import OptimizerConfig


def build_optimizer(networks: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """The optimizer of one side, in PyTorch's fused form where it has one."""
    weights, lr, decay = networks.parameters(), config.lr, config.weight_decay
    match config.name:
        case "adam":
            return torch.optim.Adam(
                weights, lr=lr, betas=config.betas, weight_decay=decay, fused=True
            )
        case "adamw":
            return torch.optim.AdamW(
                weights, lr=lr, betas=config.betas, weight_decay=decay, fused=True
            )
        case "sgd":
            return torch.optim.SGD(
                weights, lr=lr, momentum=config.momentum, weight_decay=decay, fused=True
            )
        case "rmsprop":  # PyTorch has no fused form of it
            return torch.optim.RMSprop(
                weights, lr=lr, alpha=config.alpha, weight_decay=decay, foreach=True
            )
