"""A moving average of a sampler's weights (Yazıcı et al. 2019, arXiv:1806.04498)."""

from __future__ import annotations

import copy
import math
from typing import TypeVar

import torch
from torch import nn

from ganpipe.core.schema import Schedule
from ganpipe.optim.schedule import value_at

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def start_average(network: AnyModule) -> AnyModule:
    """A copy of ``network`` in evaluation mode that no optimizer touches."""
    return copy.deepcopy(network).eval().requires_grad_(False)


@torch.no_grad()
def update_average(
    average: nn.Module, network: nn.Module, *, step: int, decay: float, ramp: float
) -> None:
    """Move ``average`` towards ``network`` after training step number ``step`` (from 1).

    Parameters are averaged, and batch-norm statistics with them, so that the statistics fit the
    averaged weights. Every other buffer is copied: the vectors of spectral norm, for example, are
    unit vectors of the newest power iteration, and their averages would not be.
    """
    weight = 1 - decay_at(step, decay, ramp)
    old, new = average.state_dict(), network.state_dict()
    averaged = averaged_names(network)
    torch._foreach_lerp_([old[name] for name in averaged], [new[name] for name in averaged], weight)
    for name in old.keys() - averaged_names(network, every_name=True):
        old[name].copy_(new[name])


def averaged_names(network: nn.Module, every_name: bool = False) -> list[str]:
    """The names in ``network.state_dict()`` of parameters and batch-norm statistics.

    What has several names is listed by the first of them, or by all where ``every_name`` asks.
    """
    once = not every_name
    parameters = [name for name, _ in network.named_parameters(remove_duplicate=once)]
    statistics = [
        f"{prefix}.{name}" if prefix else name
        for prefix, module in network.named_modules(remove_duplicate=once)
        if isinstance(module, nn.modules.batchnorm._NormBase)
        for name in ("running_mean", "running_var")
        if getattr(module, name) is not None
    ]
    return parameters + statistics


def decay_at(step: int, decay: float, ramp: float) -> float:
    """The decay at an update: the half-life is at most ``ramp`` times the updates so far, so that
    the first weights are soon forgotten (Karras et al. 2020, arXiv:2006.06676, appendix)."""
    if not decay or not ramp:
        return decay
    return _decay(min(_half_life(decay), ramp * step))


def scheduled_decay(decay: float | Schedule, progress: float) -> float:
    """The decay after a share ``progress``, in [0, 1], of the run, before any ramp.

    A schedule moves the half-life, in updates, from that of its first decay to that of its second,
    as R3GAN does (Huang et al. 2024, arXiv:2501.05441): a decay that moved evenly from 0 to 0.999
    would have a half-life of one update halfway. An average that equals the weights until a certain
    update, as in BigGAN's program (Brock et al. 2019, arXiv:1809.11096), is a schedule from 0 whose
    ``begin`` and ``until`` are the same share.
    """
    if not isinstance(decay, Schedule):
        return decay
    ends = {"start": _half_life(decay.start), "end": _half_life(decay.end)}
    return _decay(value_at(decay.model_copy(update=ends), progress))


def _half_life(decay: float) -> float:
    """Updates after which half of an average is new."""
    return -math.log(2) / math.log(decay) if decay else 0.0


def _decay(half_life: float) -> float:
    return 0.5 ** (1 / half_life) if half_life else 0.0
