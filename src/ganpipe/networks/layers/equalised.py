"""Equalised learning rate: Karras et al. 2018 (ProGAN, arXiv:1710.10196), section 4.1.

Weights start from N(0, 1) and are scaled in every pass instead of once at the start, so that an
optimizer that normalises gradients, such as Adam, moves all layers at the same relative speed.
"""

from __future__ import annotations

import math
from typing import TypedDict, Unpack

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Scales(TypedDict, total=False):
    """Keywords of both layers."""

    bias: bool  # whether there is one; by default there is
    start: float  # initial value of the bias as it is used; 0 by default
    gain: float  # factor on the weight; 1 by default
    bias_gain: float  # factor on the bias; 1 by default
    lr_multiplier: float  # factor on the learning rate; 1 by default


class _Equalised(nn.Module):
    """A weight and a bias as they are learned, and as they are used.

    With the multiplier m, the weight is learned from N(0, 1) / m and used times gain * m /
    sqrt(fan in), and the bias is used times bias_gain * m. An update of Adam then moves what is
    used by m times as much (Karras et al. 2019, StyleGAN, arXiv:1812.04948, appendix C); a step of
    SGD by m², since the gradient is scaled, too.

    A layer before a leaky ReLU whose output is multiplied by g takes g as both gains instead: the
    function is positively homogeneous, so the results are equal, and no pass over the images is
    spent on the product.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        bias: bool = True,
        start: float = 0.0,
        gain: float = 1.0,
        bias_gain: float = 1.0,
        lr_multiplier: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight_scale = gain * lr_multiplier / math.sqrt(math.prod(shape[1:]))
        self.bias_scale = bias_gain * lr_multiplier
        self.weight = nn.Parameter(torch.randn(shape) / lr_multiplier)
        learned = torch.full(shape[:1], start / self.bias_scale)
        self.bias = nn.Parameter(learned) if bias else None

    def scaled_weight(self) -> Tensor:
        """The weight as it is used."""
        return self.weight * self.weight_scale

    def scaled_bias(self) -> Tensor | None:
        """The bias as it is used; None where there is none."""
        return None if self.bias is None else self.bias * self.bias_scale


class EqualisedLinear(_Equalised):
    """(N, in_features) -> (N, out_features)."""

    def __init__(self, in_features: int, out_features: int, **scales: Unpack[Scales]) -> None:
        super().__init__((out_features, in_features), **scales)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.scaled_weight(), self.scaled_bias())


class EqualisedConv2d(_Equalised):
    """(N, in_channels, H, W) -> (N, out_channels, H', W'), with a square kernel."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        **scales: Unpack[Scales],
    ) -> None:
        super().__init__((out_channels, in_channels, kernel_size, kernel_size), **scales)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.scaled_weight(), self.scaled_bias()
        return F.conv2d(x, weight, bias, self.stride, self.padding)
