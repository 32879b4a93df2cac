"""Everything that training moves, as one small value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ganpipe.methods.method import Method
from ganpipe.optim.build import build_optimizer
from ganpipe.optim.config import OptimizerConfig, Side
from ganpipe.optim.ema import start_average


@dataclass
class State:
    """The players, the generator's moving average and both optimizers after ``step`` steps."""

    method: Method
    average: nn.Module
    optimizers: dict[Side, torch.optim.Optimizer]
    configs: dict[Side, OptimizerConfig]  # that the optimizers were built from
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
        optimizers,
    )


def state_dict(state: State) -> dict[str, Any]:
    """All of ``state`` as nested dicts of tensors and numbers, which share its memory."""
    return {
        "step": state.step,
        "method": state.method.state_dict(),
        "average": state.average.state_dict(),
        "optimizers": {side: each.state_dict() for side, each in state.optimizers.items()},
    }


def load_state_dict(state: State, content: dict[str, Any]) -> None:
    """Give a fresh ``state`` of the same configuration what :func:`state_dict` took of another."""
    state.step = content["step"]
    state.method.load_state_dict(content["method"])
    state.average.load_state_dict(content["average"])
    for side, optimizer in state.optimizers.items():
        optimizer.load_state_dict(content["optimizers"][side])


def set_learning_rates(state: State, progress: float) -> None:
    """Give every optimizer whose rate decays its rate after a share ``progress`` of the run."""
    for side, config in state.configs.items():
        if config.lr_decay_from < 1:
            for group in state.optimizers[side].param_groups:
                group["lr"] = config.lr_at(progress)
