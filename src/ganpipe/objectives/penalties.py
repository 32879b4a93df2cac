"""Penalties on the slope of the discriminator: pure functions of a critic and two batches.

A critic is a closure (N, C, H, W) -> (N,) logits in which no image's logit depends on another's;
conditions such as labels are its own business. ``real`` and ``fake`` are detached float32 images
as the critic sees them. Every function returns a scalar without its weight, and draws what it
needs from ``rng``. `objective.penalties` in params.yaml maps names of :data:`PENALTIES` to weights;
the table is read wherever parameters are checked, so torch is only imported once one is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Critic = Callable[[Tensor], Tensor]
    Penalty = Callable[[Critic, Tensor, Tensor, torch.Generator], Tensor]

TINY = 1e-12  # inside the root, whose own slope is infinite at zero


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """(|∇D(x̂)| - 1)² at x̂ = εx + (1 - ε)G(z), one ε of U[0, 1] for each image: Gulrajani et al.
    2017 (arXiv:1704.00028), eq. 3, weight 10."""
    epsilon = _one_per_image(real, rng)
    return _distance_from_one(critic, epsilon * real + (1 - epsilon) * fake)


def dragan(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """(|∇D(x + δ)| - 1)² around real images: Kodali et al. 2017 (arXiv:1705.07215), section 2.4,
    weight 10.

    The paper draws δ from N(0, cI); this is the authors' program, δ = α σ(x) u / 2 with one α of
    U[0, 1] for each image, u of U[0, 1] for each pixel and σ(x) the deviation of the whole batch,
    so that no constant depends on the data's scale.
    """
    noise = real.new_empty(real.shape).uniform_(generator=rng)
    delta = _one_per_image(real, rng) * real.std(correction=0) / 2 * noise
    return _distance_from_one(critic, real + delta)


def r1(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """|∇D(x)|² / 2 at real images: Mescheder et al. 2018 (arXiv:1801.04406), eq. 9; the weight is
    the paper's gamma, which programs that leave out the half write as gamma / 2."""
    return _squared_slopes(critic, real).mean() / 2


def r2(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """|∇D(G(z))|² / 2 at generated images: Mescheder et al. 2018, eq. 10; the weight is gamma."""
    return _squared_slopes(critic, fake).mean() / 2


PENALTIES: dict[str, Penalty] = {
    "gradient_penalty": gradient_penalty,
    "dragan": dragan,
    "r1": r1,
    "r2": r2,
}


def _distance_from_one(critic: Critic, points: Tensor) -> Tensor:
    return ((_squared_slopes(critic, points) + TINY).sqrt() - 1).square().mean()


def _squared_slopes(critic: Critic, points: Tensor) -> Tensor:
    """(N,) squared norms of the gradient of each image's logit, with a graph of their own."""
    import torch

    points = points.detach().requires_grad_()
    (slopes,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return slopes.flatten(1).square().sum(1)


def _one_per_image(images: Tensor, rng: torch.Generator) -> Tensor:
    """U[0, 1] of shape (N, 1, 1, 1)."""
    shape = (len(images), *[1] * (images.dim() - 1))
    return images.new_empty(shape).uniform_(generator=rng)
