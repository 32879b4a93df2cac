"""A moving average of the generator's weights (Yazıcı et al. 2019, arXiv:1806.04498)."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

from ganpipe.training.config import TrainConfig


def start_average(network: nn.Module) -> nn.Module:
    """A copy of ``network`` in evaluation mode that no optimizer touches."""
    return copy.deepcopy(network).eval().requires_grad_(False)


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, step: int, config: TrainConfig) -> None:
    """Move ``average`` towards ``network`` after generator update number ``step`` (from 1).

    Parameters and batch-norm statistics alike, so that the averaged weights keep statistics that
    belong to them; integer buffers are copied.
    """
    weight = 1 - decay_at(step, config.ema_decay, config.ema_ramp)
    old, new = average.state_dict(), network.state_dict()
    floating = [name for name, value in old.items() if value.is_floating_point()]
    torch._foreach_lerp_([old[name] for name in floating], [new[name] for name in floating], weight)
    for name in old.keys() - set(floating):
        old[name].copy_(new[name])


def decay_at(step: int, decay: float, ramp: float) -> float:
    """The decay at an update: the half-life is at most ``ramp`` times the updates so far, so that
    the first weights are soon forgotten (Karras et al. 2020, arXiv:2006.06676, appendix)."""
    if not decay or not ramp:
        return decay
    half_life = min(-math.log(2) / math.log(decay), ramp * step)
    return 0.5 ** (1 / half_life)
