"""Resampling by the low-pass filter (1, 3, 3, 1) of Karras et al. 2020 (StyleGAN2,
arXiv:1912.04958, appendix B), which Zhang 2019 (arXiv:1904.11486) brought into networks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TAPS = (1.0, 3.0, 3.0, 1.0)


def fir_kernel() -> Tensor:
    """The filter along one axis, (4,) float32, its taps adding up to 1; an image is filtered along
    both axes."""
    taps = torch.tensor(TAPS)
    return taps / taps.sum()


class Resample(nn.Module):
    """Insert zeros, pad with zeros, filter and keep every ``down``-th pixel, along both axes:
    (N, C, size, size) -> (N, C, new, new) in the memory format channels_last.

    ``up - 1`` zeros follow every pixel; ``padding`` counts the zeros before the first pixel and
    after the last one, and is negative where pixels are cropped. ``gain`` is the factor on
    constant images where no zeros are inserted.

    All of that is linear, so one (new, size) matrix M holds it, and a plane X becomes M X Mᵀ. On a
    CPU in bf16 this is up to ten times as fast as a depthwise convolution and its derivative, and
    it can be differentiated any number of times.
    """

    matrix: Tensor

    def __init__(
        self,
        size: int,
        *,
        up: int = 1,
        down: int = 1,
        padding: tuple[int, int] = (0, 0),
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        spread = torch.zeros(size * up, size)
        spread[::up] = torch.eye(size)
        windows = F.pad(spread, (0, 0, *padding)).unfold(0, len(TAPS), down)  # (new, size, taps)
        matrix = gain**0.5 * (windows @ fir_kernel())  # a root for each axis
        self.register_buffer("matrix", matrix, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        count, channels, height, _ = x.shape
        matrix = self.matrix.to(x.dtype)
        size = len(matrix)
        pixels = torch.matmul(matrix, x.permute(0, 2, 3, 1))  # (N, H, new, C)
        rows = torch.matmul(matrix, pixels.reshape(count, height, size * channels))
        return rows.view(count, size, size, channels).permute(0, 3, 1, 2)


class Upsample(Resample):
    """(N, C, size, size) -> (N, C, 2 size, 2 size): bilinear interpolation, with zeros outside."""

    def __init__(self, size: int) -> None:
        super().__init__(size, up=2, padding=(2, 1), gain=4.0)


class Downsample(Resample):
    """(N, C, size, size) -> (N, C, size / 2, size / 2); ``size`` is even."""

    def __init__(self, size: int) -> None:
        super().__init__(size, down=2, padding=(1, 1))


class UpsamplingConv(nn.Module):
    """A transposed 3 x 3 convolution of stride 2 without padding, then the filter:
    (N, in, size, size) and a weight (out, in, 3, 3) -> (N, out, 2 size, 2 size).

    The same as to insert zeros, to convolve with the weight turned by 180 degrees, and to filter.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.filter = Resample(2 * size + 1, padding=(1, 1), gain=4.0)

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        return self.filter(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))


class DownsamplingConv(nn.Module):
    """The filter, then a 3 x 3 convolution of stride 2 without padding: (N, in, size, size), a
    weight (out, in, 3, 3) and a bias (out,) -> (N, out, size / 2, size / 2); ``size`` is even."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.filter = Resample(size, padding=(2, 2))

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return F.conv2d(self.filter(x), weight, bias, stride=2)
