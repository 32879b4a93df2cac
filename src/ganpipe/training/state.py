"""The state of a run: everything that a training step changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ganpipe.methods.method import Method
from ganpipe.optim.build import build_optimizer
from ganpipe.optim.config import OptimizerConfig
from ganpipe.optim.ema import start_average
from ganpipe.sampling.sampler import Sampler


@dataclass
class State:
    """The players, the samplers' moving averages and the optimizers after ``step`` steps."""

    method: Method
    averages: dict[str, Sampler]  # by the samplers' names
    optimizers: dict[str, torch.optim.Optimizer]  # by player
    settings: Mapping[str, OptimizerConfig]  # of the optimizers, by player
    step: int = 0


def start(method: Method, settings: Mapping[str, OptimizerConfig], device: torch.device) -> State:
    """The state before the first step, on ``device``; ``settings`` are by player."""
    method = method.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    method.train()
    return State(
        method,
        {name: start_average(sampler) for name, sampler in method.samplers().items()},
        {name: build_optimizer(each, settings[name]) for name, each in method.players.items()},
        settings,
    )


def state_dict(state: State) -> dict[str, Any]:
    """``state`` as nested dicts of tensors and numbers; the tensors share its memory."""
    return {
        "step": state.step,
        "method": state.method.state_dict(),
        "averages": {name: average.state_dict() for name, average in state.averages.items()},
        "optimizers": {player: each.state_dict() for player, each in state.optimizers.items()},
    }


def load_state_dict(state: State, content: dict[str, Any]) -> None:
    """Set ``state``, of the same configuration, to what :func:`state_dict` returned."""
    state.step = content["step"]
    state.method.load_state_dict(content["method"])
    for name, average in state.averages.items():
        average.load_state_dict(content["averages"][name])
    for player, optimizer in state.optimizers.items():
        optimizer.load_state_dict(content["optimizers"][player])
