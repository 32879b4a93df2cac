"""Resampling against the filter's definition: zeros inserted, a depthwise convolution, a stride."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.layers.resample import (
    Downsample,
    DownsamplingConv,
    LowPass,
    Upsample,
    UpsamplingConv,
    fir_kernel,
)


def defined(x: Tensor, *, up: int, down: int, padding: tuple[int, int], gain: float) -> Tensor:
    """The filter pixel by pixel, as a depthwise convolution."""
    count, channels, height, width = x.shape
    spread = x.new_zeros(count, channels, up * height, up * width)
    spread[:, :, ::up, ::up] = x
    kernel = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype)
    square = gain * torch.outer(kernel, kernel) / 64
    weight = square.expand(channels, 1, 4, 4)
    return F.conv2d(F.pad(spread, padding * 2), weight, stride=down, groups=channels)


@pytest.mark.parametrize(("padding", "gain"), [(1, 4.0), (2, 1.0), (0, 1.0)])
def test_the_filter_itself(padding: int, gain: float) -> None:
    x = torch.randn(2, 3, 7, 9)
    layer = LowPass(padding, gain)
    expected = defined(x, up=1, down=1, padding=(padding, padding), gain=gain)
    assert torch.allclose(layer(x), expected, atol=1e-5)
    assert not layer.state_dict()


def test_sides_double_and_halve() -> None:
    x = torch.randn(2, 3, 14, 14)
    expected = defined(x, up=2, down=1, padding=(2, 1), gain=4)
    assert torch.allclose(Upsample(14)(x), expected, atol=1e-5)
    expected = defined(x, up=1, down=2, padding=(1, 1), gain=1)
    assert torch.allclose(Downsample(14)(x), expected, atol=1e-5)


def test_constants_stay_constant_inside_the_border() -> None:
    ones = torch.ones(1, 1, 8, 8)
    assert torch.allclose(Upsample(8)(ones)[..., 1:-1, 1:-1], torch.ones(14, 14))
    assert torch.allclose(Downsample(8)(ones)[..., 1:-1, 1:-1], torch.ones(2, 2))
    assert fir_kernel().sum() == 1


def test_upsampling_is_bilinear_inside_the_border() -> None:
    x = torch.randn(2, 3, 8, 8)
    expected = F.interpolate(x, scale_factor=2, mode="bilinear")
    inner = (..., slice(1, -1), slice(1, -1))
    assert torch.allclose(Upsample(8)(x)[inner], expected[inner], atol=1e-5)


def test_an_upsampling_convolution_equals_its_parts() -> None:
    """Zeros inserted, an ordinary convolution with the turned weight, the filter."""
    x, weight = torch.randn(2, 3, 8, 8), torch.randn(5, 3, 3, 3)
    spread = torch.zeros(2, 3, 17, 17)
    spread[:, :, 1:16:2, 1:16:2] = x  # with the zeros that the transposed convolution adds around
    spread = F.pad(spread, (1, 1, 1, 1))
    convolved = F.conv2d(spread, weight.flip(2, 3))
    expected = defined(convolved, up=1, down=1, padding=(1, 1), gain=4)
    found = UpsamplingConv()(x, weight)
    assert found.shape == (2, 5, 16, 16)
    assert torch.allclose(found, expected, atol=1e-4)


def test_a_downsampling_convolution_equals_its_parts() -> None:
    x, weight, bias = torch.randn(2, 3, 8, 8), torch.randn(5, 3, 3, 3), torch.randn(5)
    expected = F.conv2d(defined(x, up=1, down=1, padding=(2, 2), gain=1), weight, bias, stride=2)
    found = DownsamplingConv()(x, weight, bias)
    assert found.shape == (2, 5, 4, 4)
    assert torch.allclose(found, expected, atol=1e-5)


LAYERS = [Upsample(4), Downsample(4), LowPass(1, 4.0), LowPass(2)]


@pytest.mark.parametrize("layer", LAYERS)
def test_derivatives_of_two_orders(layer: nn.Module) -> None:
    x = torch.randn(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    layer = deepcopy(layer).double()

    def squared(x: Tensor) -> Tensor:  # the resampling alone has no second derivative
        return layer(x).square()

    assert torch.autograd.gradcheck(squared, x)
    assert torch.autograd.gradgradcheck(squared, x)


@pytest.mark.parametrize("layer", LAYERS)
def test_memory_format_and_type_are_kept(layer: nn.Module) -> None:
    x = torch.randn(2, 3, 4, 4).bfloat16().contiguous(memory_format=torch.channels_last)
    found = layer(x)
    assert found.dtype == torch.bfloat16
    assert found.is_contiguous(memory_format=torch.channels_last)
    full = x.float().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layer(full)
    assert torch.equal(mixed, found)
    mixed.sum().backward()
    assert full.grad is not None
    assert full.grad.dtype == torch.float32
