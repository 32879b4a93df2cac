"""Images along paths between random inputs of a sampler."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.draw import images_of, rows_of
from ganpipe.sampling.pictures import given_to
from ganpipe.sampling.sampler import Input, Noise, Picture
from ganpipe.sampling.trained import Trained


@torch.inference_mode()
def interpolate(trained: Trained, *, rows: int, steps: int, seed: int) -> Tensor:
    """uint8 (R * steps, C, h, w): each of R rows goes from one random input to another; R is
    ``rows`` or, for a conditioned sampler, as many as :func:`rows_of` says, one class in each.

    Normal noise follows the great circle, since its mass is concentrated near a sphere (White 2016,
    arXiv:1609.04468); uniform noise follows the straight line, which stays in its cube. A sampler
    that translates goes from one test picture to another by fading. All other inputs, such as
    labels, stay as they are at the start of the row.
    """
    sampler = trained.sampler
    rows = rows_of(sampler, rows)
    ends = sampler.draw_inputs(2 * rows, make_rng(trained.device, seed, "interpolation"))
    for name, value in (given_to(sampler, 2 * rows) or {}).items():
        ends[name] = value[torch.arange(2 * rows) % len(value)].to(trained.device)
    if sampler.label is not None:
        ends["label"] = torch.arange(rows, device=trained.device).repeat(2)
    weights = torch.linspace(0, 1, steps, device=trained.device)
    path: dict[str, Tensor] = {}
    for name, value in ends.items():
        first, last = value[:rows], value[rows:]
        points = [_between(sampler.inputs[name], first, last, t) for t in weights]
        path[name] = torch.stack(points, 1).flatten(0, 1)
    return images_of(sampler, path)


def _between(kind: Input, first: Tensor, last: Tensor, t: Tensor) -> Tensor:
    if isinstance(kind, Picture) or (isinstance(kind, Noise) and kind.distribution == "uniform"):
        return torch.lerp(first, last, t)
    if not isinstance(kind, Noise):
        return first
    return slerp(first.flatten(1), last.flatten(1), t).view_as(first)


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
