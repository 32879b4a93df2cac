"""Resampling by the low-pass filter (1, 3, 3, 1) of Karras et al. 2020 (StyleGAN2,
arXiv:1912.04958, appendix B), which Zhang 2019 (arXiv:1904.11486) brought into networks.

All of it keeps the memory format channels_last, and can be differentiated any number of times.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def fir_kernel() -> Tensor:
    """The filter along one axis, (4,) float32, its taps adding up to 1; an image is filtered along
    both axes."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return taps / taps.sum()


class LowPass(nn.Module):
    """The filter, after ``padding`` zeros on each side: (N, C, h, w) -> (N, C, h + 2 padding - 3,
    w + 2 padding - 3), times ``gain``."""

    kernel: Tensor

    def __init__(self, padding: int, gain: float = 1.0) -> None:
        super().__init__()
        self.padding = padding
        kernel = gain * torch.outer(fir_kernel(), fir_kernel())
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return _Filter.apply(x, self.kernel, self.padding)


class _Filter(torch.autograd.Function):
    """A depthwise convolution with a symmetric kernel of 4 x 4.

    Its derivative is the same filter with the complementary padding. That is many times as fast as
    the derivatives that PyTorch finds, of which the second one runs through the channels in a loop.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, padding: int) -> Tensor:
        ctx.save_for_backward(kernel)
        ctx.padding = padding
        weight = kernel.to(x.dtype).expand(x.shape[1], 1, 4, 4)
        return F.conv2d(x, weight, padding=padding, groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (kernel,) = ctx.saved_tensors
        return _Filter.apply(gradients[0], kernel, 3 - ctx.padding), None, None


class Upsample(nn.Module):
    """(N, C, size, size) -> (N, C, 2 size, 2 size): bilinear interpolation, with zeros outside.

    A zero follows every pixel; the filter, with a gain of 4, is padded by (2, 1). As this is linear
    in each row and column, a plane X becomes M X Mᵀ with one matrix M, which on a CPU is several
    times as fast as a convolution with its derivatives.
    """

    matrix: Tensor  # (2 size, size)

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("matrix", _doubling(size), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return _along_both_axes(x, self.matrix)


class Downsample(nn.Module):
    """(N, C, size, size) -> (N, C, size / 2, size / 2) for an even ``size``: the filter, padded by
    1 on each side, and every second pixel of its result; a matrix as in :class:`Upsample`."""

    matrix: Tensor  # (size / 2, size)

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("matrix", _doubling(size // 2).T.contiguous() / 2, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return _along_both_axes(x, self.matrix)


class UpsamplingConv(nn.Module):
    """A transposed 3 x 3 convolution of stride 2 without padding, then the filter:
    (N, in, h, w) and a weight (out, in, 3, 3) -> (N, out, 2 h, 2 w).

    The same as to insert zeros, to convolve with the weight turned by 180 degrees, and to filter.
    """

    def __init__(self) -> None:
        super().__init__()
        self.filter = LowPass(padding=1, gain=4.0)

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        return self.filter(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))


class DownsamplingConv(nn.Module):
    """The filter, then a 3 x 3 convolution of stride 2 without padding: (N, in, h, w), a weight
    (out, in, 3, 3) and a bias (out,) -> (N, out, h / 2, w / 2) for even h and w."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = LowPass(padding=2)

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return F.conv2d(self.filter(x), weight, bias, stride=2)


def _doubling(size: int) -> Tensor:
    """The (2 size, size) matrix that upsamples a row: zeros inserted and padded, then filtered."""
    spread = torch.zeros(2 * size, size)
    spread[::2] = torch.eye(size)
    windows = F.pad(spread, (0, 0, 2, 1)).unfold(0, 4, 1)  # (2 size, size, 4)
    return 2 * windows @ fir_kernel()


def _along_both_axes(x: Tensor, matrix: Tensor) -> Tensor:
    """M X Mᵀ for every plane X of (N, C, h, h), where ``matrix`` M is (new, h)."""
    count, channels, height, _ = x.shape
    matrix = matrix.to(x.dtype)
    size = len(matrix)
    pixels = torch.matmul(matrix, x.permute(0, 2, 3, 1))  # (N, h, new, C)
    rows = torch.matmul(matrix, pixels.reshape(count, height, size * channels))
    return rows.view(count, size, size, channels).permute(0, 3, 1, 2)
