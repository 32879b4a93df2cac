"""Paths between the inputs of a generator."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.draw import fixed_noise_images
from ganpipe.sampling.trained import Trained


@torch.inference_mode()
def interpolate(trained: Trained, rows: int, steps: int, seed: int) -> Tensor:
    """uint8 (rows * steps, C, h, w): each row goes from one random input to another.

    Normal noise goes along the great circle, since its mass lies on a sphere (White 2016,
    arXiv:1609.04468), uniform noise along the straight line, which does not leave its cube; all
    other inputs, such as labels, stay.
    """
    ends = trained.method.inputs(2 * rows, make_rng(trained.device, seed, "interpolation"))
    weights = torch.linspace(0, 1, steps, device=trained.device)
    between = slerp if trained.method.latent == "normal" else torch.lerp
    path: dict[str, Tensor] = {}
    for name, value in ends.items():
        first, last = value[:rows], value[rows:]
        mix = between if name == "z" else _stay
        path[name] = torch.stack([mix(first, last, t) for t in weights], 1).flatten(0, 1)
    return fixed_noise_images(trained.method.generator(), path, trained.spec)


def slerp(first: Tensor, last: Tensor, t: Tensor) -> Tensor:
    """Spherical interpolation between the rows of two (N, d) tensors, 0 <= t <= 1 (Shoemake 1985).

    Rows that point the same way are interpolated linearly.
    """
    cosine = torch.cosine_similarity(first, last, dim=1).clamp(-1, 1)
    angle = cosine.acos()[:, None]
    sine = angle.sin()
    straight = sine < 1e-6
    safe = torch.where(straight, 1, sine)
    a = torch.where(straight, 1 - t, ((1 - t) * angle).sin() / safe)
    b = torch.where(straight, t, (t * angle).sin() / safe)
    return a * first + b * last


def _stay(first: Tensor, last: Tensor, t: Tensor) -> Tensor:
    return first
