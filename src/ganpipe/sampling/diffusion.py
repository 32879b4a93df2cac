"""A diffusion in few large steps, and the way back by one: Xiao et al. 2022 (DDGAN,
arXiv:2112.07804), section 3, on Ho et al. 2020 (arXiv:2006.11239).

Level 0 are images, level T is nearly noise. Step t leads from level t to t + 1.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

BETA_MIN, BETA_MAX = 0.1, 20.0  # of the variance-preserving process
START = 1e-3  # time of level 0 in the process, which ends at the time 1


class Step(NamedTuple):
    """The coefficients of step t: numbers, or float32 (N, 1, 1, 1) where each image has its own."""

    image: float | Tensor  # of the image in level t
    noise: float | Tensor  # of the noise in level t; 0 of step 0
    kept: float | Tensor  # of level t in level t + 1
    added: float | Tensor  # of new noise in level t + 1
    # Level t, given the image and level t + 1, is normal with this mean and this deviation.
    mean_image: float | Tensor  # of the image in the mean; 1 of step 0
    mean_noisy: float | Tensor  # of level t + 1 in the mean; 0 of step 0
    deviation: float | Tensor  # 0 of step 0


def schedule(steps: int) -> list[Step]:
    """The coefficients of each of ``steps`` steps.

    Each step keeps a share 1 - beta of the variance, by the variance-preserving process of Song et
    al. 2021 (arXiv:2011.13456, appendix C) at equally spaced times from START to 1. The noise that
    the process adds before START is left out, as in the authors' program, which puts a variance of
    1e-8 in its place that float32 rounds to none. Ho et al. 2020, eq. 7, have the normal
    distribution of level t.
    """
    times = [START + (1 - START) * level / steps for level in range(steps + 1)]
    found, before = [], 1.0  # the share of the image's variance that is left in level t
    for first, second in pairwise(times):
        left = _signal(second) / _signal(first)
        after = before * left
        found.append(
            Step(
                image=math.sqrt(before),
                noise=math.sqrt(1 - before),
                kept=math.sqrt(left),
                added=math.sqrt(1 - left),
                mean_image=math.sqrt(before) * (1 - left) / (1 - after),
                mean_noisy=math.sqrt(left) * (1 - before) / (1 - after),
                deviation=math.sqrt((1 - left) * (1 - before) / (1 - after)),
            )
        )
        before = after
    return found


def _signal(time: float) -> float:
    """The share of the image's variance that is left at a time in [0, 1]."""
    return math.exp(-(BETA_MAX - BETA_MIN) / 2 * time**2 - BETA_MIN * time)


def of_images(steps: list[Step], numbers: Tensor) -> Step:
    """The step of each image by its number, int64 (N,)."""
    table = torch.tensor(steps, device=numbers.device)  # (T, coefficients)
    return Step(*table[numbers].T[..., None, None, None])


def neighbours(step: Step, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """``images`` (N, C, H, W) at level t and at level t + 1, by ``noise`` (2, N, C, H, W)."""
    first = step.image * images + step.noise * noise[0]
    return first, step.kept * first + step.added * noise[1]


def denoised(step: Step, images: Tensor, noisy: Tensor, noise: Tensor) -> Tensor:
    """A draw of level t by ``noise``, given the images and level ``noisy`` = t + 1, all of one
    shape."""
    return step.mean_image * images + step.mean_noisy * noisy + step.deviation * noise
