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
Network = Callable[..., Tensor]  # of images, and of labels where it is conditioned
SQUARES = ("exp_avg_sq", "square_avg")  # running squares of Adam and RMSprop, whose root they take
TINY = 1e-30  # the least that a square is taken for: at 0 its root has no gradient


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
    places = {id(weight): place for place, weight in enumerate(own.values())}
    for _ in range(steps):
        loss = d_loss(_with(discriminator, weights))
        gradients = torch.autograd.grad(
            loss, list(weights.values()), create_graph=True, materialize_grads=True
        )  # zeros for layers that a network which grows does not use yet
        moved, states = _step(optimizer, places, list(weights.values()), gradients, states)
        weights = dict(zip(weights, moved, strict=True))
    return _with(discriminator, weights)


def _with(network: nn.Module, weights: dict[str, Tensor]) -> Network:
    return lambda *inputs: functional_call(network, weights, inputs)


def _step(
    optimizer: Optimizer,
    places: dict[int, int],
    weights: list[Tensor],
    gradients: tuple[Tensor, ...],
    states: list[dict[str, Any]],
) -> tuple[list[Tensor], list[dict[str, Any]]]:
    """Weights and the optimizer's state for each, one step later, as functions of those before.

    ``places`` are the positions in ``weights`` by the ids of the optimizer's own parameters.
    """
    moved = [weight.clone() for weight in weights]
    for weight, gradient in zip(moved, gradients, strict=True):
        weight.grad = gradient
    twin = copy.copy(optimizer)
    twin.defaults = optimizer.defaults | {"differentiable": True}
    plain = {"differentiable": True, "fused": False, "foreach": False}
    twin.param_groups = [
        group | plain | {"params": [moved[places[id(weight)]] for weight in group["params"]]}
        for group in optimizer.param_groups
    ]
    copies = [{key: _copied(key, value) for key, value in state.items()} for state in states]
    twin.state = defaultdict(dict, zip(moved, copies, strict=True))
    twin.step()
    return moved, [twin.state[weight] for weight in moved]


def _copied(key: str, value: Any) -> Any:
    """A copy of optimizer state that a step may overwrite."""
    if not isinstance(value, Tensor):
        return value
    return value.clamp_min(TINY) if key in SQUARES else value.clone()
