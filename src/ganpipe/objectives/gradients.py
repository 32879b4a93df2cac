"""Compute what penalties share: the norm of the discriminator's gradient in the images.

A critic is a closure (N, C, H, W) -> (N,) logits in which no image's logit depends on another's;
conditions such as labels are its own business. A penalty is a pure function of a critic, of the
real and the generated images, detached float32 (N, C, H, W) as the critic sees them, and of a
random stream for what it draws; it returns a scalar without its weight.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Critic = Callable[[Tensor], Tensor]
Penalty = Callable[[Critic, Tensor, Tensor, torch.Generator], Tensor]

TINY = 1e-12  # inside the root, whose own gradient is infinite at zero


def gradient_norms(critic: Critic, points: Tensor) -> Tensor:
    """(N,) norms of the gradient of each image's logit, with a graph of their own."""
    return (squared_gradient_norms(critic, points) + TINY).sqrt()


def squared_gradient_norms(critic: Critic, points: Tensor) -> Tensor:
    """(N,) squared norms of the gradient of each image's logit, with a graph of their own."""
    points = points.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return gradients.flatten(1).square().sum(1)


def one_per_image(images: Tensor, rng: torch.Generator) -> Tensor:
    """U[0, 1] of shape (N, 1, 1, 1)."""
    shape = (len(images), *[1] * (images.dim() - 1))
    return images.new_empty(shape).uniform_(generator=rng)
