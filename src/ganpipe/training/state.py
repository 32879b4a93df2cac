"""Everything that training moves, as one small value."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from ganpipe.methods.method import Method
from ganpipe.training.config import OptimizerConfig, Side
from ganpipe.training.ema import start_average


@dataclass
class State:
    """The players, the generator's moving average and both optimizers after ``step`` steps."""

    method: Method
    average: nn.Module
    optimizers: dict[Side, torch.optim.Optimizer]
    step: int = 0


def start(method: Method, optimizers: dict[Side, OptimizerConfig], device: torch.device) -> State:
    """The state before the first step, on ``device``."""
    method = method.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    method.train()
    sides: dict[Side, nn.Module] = {
        "generator": method.g_nets,
        "discriminator": method.d_nets,
    }
    return State(
        method,
        start_average(method.generator()),
        {side: build_optimizer(nets, optimizers[side]) for side, nets in sides.items()},
    )


def build_optimizer(networks: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """The optimizer of one side, in PyTorch's fused form."""
    return torch.optim.Adam(networks.parameters(), lr=config.lr, betas=config.betas, fused=True)
