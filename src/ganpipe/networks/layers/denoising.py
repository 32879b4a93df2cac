"""Blocks of networks that know the step of a diffusion, in the form of NCSN++ (Song et al. 2021,
arXiv:2011.13456) whose norms a style steers: Xiao et al. 2022 (DDGAN, arXiv:2112.07804).

Shapes and initial weights are those of the authors' program.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.layers.adaptive_norm import AdaptiveGroupNorm, GroupNorm
from ganpipe.networks.layers.resample import Downsample, Upsample
from ganpipe.networks.layers.variance_scaling import NEARLY_0, Fan, drawn

RESCALE = math.sqrt(0.5)


class ResidualBlock(nn.Module):
    """Norm, SiLU, resampling, 3 x 3, a shift by the time, norm, SiLU, 3 x 3; attention if it
    ``attends``. The shortcut is resampled, and convolved by 1 x 1 where the shape changes.

    (N, in, size, size), time (N, time_dim), style (N, style_dim) -> (N, out, size', size'),
    where ``size'`` is 2 ``size`` or ``size`` / 2 if the block resamples up or down.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: int,
        *,
        time_dim: int,
        style_dim: int,
        resampling: Literal["up", "down"] | None = None,
        attends: bool = False,
    ) -> None:
        super().__init__()
        self.resampling = resampling
        self.resample: nn.Module = nn.Identity()
        if resampling:
            self.resample = Upsample(size) if resampling == "up" else Downsample(size)
        self.norm1 = AdaptiveGroupNorm(in_channels, style_dim)
        self.conv1 = drawn(nn.Conv2d(in_channels, out_channels, 3, padding=1), "average")
        self.time = drawn(nn.Linear(time_dim, out_channels), "average")
        self.norm2 = AdaptiveGroupNorm(out_channels, style_dim)
        self.conv2 = drawn(nn.Conv2d(out_channels, out_channels, 3, padding=1), "average", NEARLY_0)
        self.shortcut: nn.Module = nn.Identity()
        if resampling or in_channels != out_channels:
            self.shortcut = drawn(nn.Conv2d(in_channels, out_channels, 1), "average")
        self.attention = Attention(out_channels) if attends else nn.Identity()

    def forward(self, x: Tensor, time: Tensor, style: Tensor) -> Tensor:
        inner = self.conv1(self.resample(F.silu(self.norm1(x, style))))
        inner = inner + self.time(time)[..., None, None]
        inner = self.conv2(F.silu(self.norm2(inner, style)))
        return self.attention(rescaled_sum(self.shortcut(self.resample(x)), inner))


class Attention(nn.Module):
    """Attention of one head from every pixel to all: Ho et al. 2020 (arXiv:2006.11239), appendix B.

    (N, C, h, w) -> (N, C, h, w).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = GroupNorm(channels)
        self.query, self.key, self.value = (
            drawn(nn.Conv2d(channels, channels, 1), "average", 0.1) for _ in range(3)
        )
        self.output = drawn(nn.Conv2d(channels, channels, 1), "average", NEARLY_0)

    def forward(self, x: Tensor) -> Tensor:
        given = self.norm(x)
        query, key, value = (
            layer(given).flatten(2).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )  # (N, pixels, C)
        weights = (query @ key.transpose(1, 2) * x.shape[1] ** -0.5).softmax(2)
        seen = weights.to(value.dtype) @ value
        return rescaled_sum(x, self.output(seen.transpose(1, 2).unflatten(2, x.shape[2:])))


class PairBlock(nn.Module):
    """Leaky ReLU, 3 x 3, a shift by the time, leaky ReLU, halving, 3 x 3; the shortcut is halved
    and convolved by 1 x 1.

    (N, in, h, h) and time (N, time_dim) -> (N, out, h, h), or half the side where ``halved``
    is h, and not 0.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, time_dim: int, slope: float, halved: int = 0
    ) -> None:
        super().__init__()
        self.slope = slope
        self.conv1 = drawn(nn.Conv2d(in_channels, out_channels, 3, padding=1), "out")
        self.time = drawn(nn.Linear(time_dim, out_channels), "out")
        self.conv2 = drawn(nn.Conv2d(out_channels, out_channels, 3, padding=1), "out", NEARLY_0)
        self.shortcut = drawn(nn.Conv2d(in_channels, out_channels, 1, bias=False), "out")
        self.halve = Downsample(halved) if halved else nn.Identity()

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        inner = self.conv1(F.leaky_relu(x, self.slope)) + self.time(time)[..., None, None]
        inner = self.conv2(self.halve(F.leaky_relu(inner, self.slope)))
        return rescaled_sum(self.shortcut(self.halve(x)), inner)


class TimeEmbedding(nn.Module):
    """Numbers of steps, int64 (N,) -> (N, dim) float32: ``count`` :func:`sinusoids`, then twice a
    linear layer and ``activation``."""

    def __init__(self, count: int, dim: int, fan: Fan, activation: nn.Module) -> None:
        super().__init__()
        self.count = count
        self.first = drawn(nn.Linear(count, dim), fan)
        self.second = drawn(nn.Linear(dim, dim), fan)
        self.activation = activation

    def forward(self, step: Tensor) -> Tensor:
        with torch.autocast(step.device.type, enabled=False):
            given = sinusoids(step, self.count).to(self.first.weight.dtype)
            time: Tensor = self.activation(self.second(self.activation(self.first(given))))
            return time


def sinusoids(step: Tensor, count: int) -> Tensor:
    """int64 (N,) -> (N, count) float32: sines, then cosines, of the number times frequencies from 1
    to 1 / 10000 (Ho et al. 2020, arXiv:2006.11239, appendix B); of an odd count the last is 0."""
    half = count // 2
    exponents = torch.arange(half, device=step.device) / max(1, half - 1)
    angles = step.float()[:, None] * 10000**-exponents
    return F.pad(torch.cat([angles.sin(), angles.cos()], 1), (0, count % 2))


def rescaled_sum(first: Tensor, second: Tensor) -> Tensor:
    """(x + y) / sqrt(2), which has the variance of both if they are independent."""
    return (first + second) * RESCALE
