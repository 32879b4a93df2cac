"""The discriminator as it will be after a few more updates (Metz et al. 2017, arXiv:1611.02163)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

Critic = Callable[[Tensor], Tensor]


def unrolled(
    discriminator: nn.Module, d_loss: Callable[[Critic], Tensor], steps: int, lr: float
) -> Critic:
    """The discriminator after ``steps`` gradient steps of length ``lr`` on ``d_loss``, as a
    function that can be differentiated through those steps.

    Eq. 2 and 3 of the paper: θ⁰ = θ, θᵏ⁺¹ = θᵏ - η ∂d_loss/∂θᵏ, where ``d_loss`` depends on the
    generator's images. The discriminator itself is left as it is.
    """
    weights = {
        name: weight.detach().requires_grad_() for name, weight in discriminator.named_parameters()
    }
    for _ in range(steps):
        loss = d_loss(_with(discriminator, weights))
        slopes = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
        weights = {
            name: weight - lr * slope
            for (name, weight), slope in zip(weights.items(), slopes, strict=True)
        }
    return _with(discriminator, weights)


def _with(network: nn.Module, weights: dict[str, Tensor]) -> Critic:
    return lambda images: functional_call(network, weights, (images,))
