"""The discriminator as it will be after a few more updates (Metz et al. 2017, arXiv:1611.02163)."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Optimizer

Critic = Callable[[Tensor], Tensor]  # of images alone
Network = Callable[..., Tensor]  # of images, and labels where it is told them
SQUARES = ("exp_avg_sq", "square_avg")  # running squares of Adam and RMSprop, whose root they take
TINY = 1e-30  # the least that a square is taken for: at 0 its root has no slope


def unrolled(
    discriminator: nn.Module, d_loss: Callable[[Network], Tensor], steps: int, optimizer: Optimizer
) -> Network:
    """The discriminator after ``steps`` updates of ``d_loss`` by ``optimizer``, as a function that
    can be differentiated through those updates.

    Eq. 2 and 3 of the paper: θ⁰ = θ, θᵏ⁺¹ = θᵏ - η ∂d_loss/∂θᵏ, where ``d_loss`` depends on the
    generator's images. As in the authors' experiments a step is the optimizer's own: Adam's with
    the running averages that it has by then, which are differentiated through as well. The
    discriminator and the optimizer stay as they are.
    """
    own = dict(discriminator.named_parameters())
    weights = {name: weight.detach().requires_grad_() for name, weight in own.items()}
    states = [optimizer.state.get(weight, {}) for weight in own.values()]
    for _ in range(steps):
        loss = d_loss(_with(discriminator, weights))
        slopes = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
        moved, states = _step(optimizer, list(weights.values()), slopes, states)
        weights = dict(zip(weights, moved, strict=True))
    return _with(discriminator, weights)


def _with(network: nn.Module, weights: dict[str, Tensor]) -> Network:
    return lambda *inputs: functional_call(network, weights, inputs)


def _step(
    optimizer: Optimizer,
    weights: list[Tensor],
    slopes: tuple[Tensor, ...],
    states: list[dict[str, Any]],
) -> tuple[list[Tensor], list[dict[str, Any]]]:
    """Weights and the optimizer's state for each, one step later, as functions of those before."""
    moved = [weight.clone() for weight in weights]
    for weight, slope in zip(moved, slopes, strict=True):
        weight.grad = slope
    twin = copy.copy(optimizer)
    twin.defaults = optimizer.defaults | {"differentiable": True}
    plain = {"differentiable": True, "fused": False, "foreach": False}
    twin.param_groups = [optimizer.param_groups[0] | plain | {"params": moved}]
    copies = [{key: _copied(key, value) for key, value in state.items()} for state in states]
    twin.state = defaultdict(dict, zip(moved, copies, strict=True))
    twin.step()
    return moved, [twin.state[weight] for weight in moved]


def _copied(key: str, value: Any) -> Any:
    """What a step may overwrite without a trace in the graph of the step before."""
    if not isinstance(value, Tensor):
        return value
    return value.clamp_min(TINY) if key in SQUARES else value.clone()
