"""Group norm in fp32, and its form whose scales and shifts a style decides: Xiao et al. 2022
(DDGAN, arXiv:2112.07804), on Wu and He 2018 (arXiv:1803.08494).

Under autocast, too, both are computed in fp32, which is also the faster precision for them on a
CPU.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.layers.variance_scaling import drawn

EPSILON = 1e-6  # of the variance
MOST_GROUPS = 32


def groups_of(channels: int) -> int:
    """The groups of a norm: min(C / 4, 32), as in the authors' program, or the greatest common
    divisor of that and ``channels``."""
    return math.gcd(channels, max(1, min(channels // 4, MOST_GROUPS)))


class GroupNorm(nn.GroupNorm):
    """Group norm with learned scales and shifts: (N, C, h, w) -> (N, C, h, w) float32."""

    def __init__(self, channels: int) -> None:
        super().__init__(groups_of(channels), channels, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.to(self.weight.dtype))


class AdaptiveGroupNorm(nn.Module):
    """Group norm whose scales and shifts are linear functions of a style, with biases of 1 and 0:
    (N, C, h, w) and (N, style_dim) -> (N, C, h, w) float32."""

    def __init__(self, channels: int, style_dim: int) -> None:
        super().__init__()
        self.groups = groups_of(channels)
        self.style = drawn(nn.Linear(style_dim, 2 * channels), "out")
        nn.init.ones_(self.style.bias[:channels])

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            scale, shift = self.style(style)[..., None, None].chunk(2, 1)
            return F.group_norm(x.to(scale.dtype), self.groups, eps=EPSILON) * scale + shift
