"""Modulated convolutions against the authors' form, which scales a weight for every image."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.layers.modulated import StyledConv, ToImage
from ganpipe.networks.layers.resample import Upsample


def styled(*, upsamples: bool = False, channels: int = 3, size: int = 8) -> StyledConv:
    """A layer whose noise and bias are not zero, as they are at first."""
    torch.manual_seed(0)
    layer = StyledConv(channels, 5, size, style_dim=4, upsamples=upsamples)
    nn.init.normal_(layer.bias)
    nn.init.constant_(layer.strength, 0.3)
    return layer


def image_by_image(layer: StyledConv, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
    """Equations 1 and 3 of the paper, an image at a time."""
    outputs = []
    for image, style, each in zip(x, w, noise, strict=True):
        scale = layer.affine.weight @ style / math.sqrt(len(style)) + layer.affine.bias
        weight = layer.weight * scale[None, :, None, None]
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if layer.upsample is None:
            y = F.conv2d(image[None], weight, padding=1)
        else:
            y = layer.upsample(image[None], weight)
        y = y + layer.strength * each + layer.bias[:, None, None]
        outputs.append(F.leaky_relu(y, 0.2) * math.sqrt(2))
    return torch.cat(outputs)


@pytest.mark.parametrize("upsamples", [False, True])
def test_scaled_activations_equal_scaled_weights(upsamples: bool) -> None:
    layer = styled(upsamples=upsamples)
    side = 4 if upsamples else 8
    x, w, noise = torch.randn(6, 3, side, side), torch.randn(6, 4), torch.randn(6, 1, 8, 8)
    found = layer(x, w, noise)
    assert found.shape == (6, 5, 8, 8)
    assert torch.allclose(found, image_by_image(layer, x, w, noise), atol=1e-5)


def test_demodulation_brings_unit_variance_whatever_the_style() -> None:
    torch.manual_seed(0)
    layer = StyledConv(64, 200, 16, style_dim=8, upsamples=False)
    w = 50 * torch.randn(8, 8)
    found = layer(torch.randn(8, 64, 16, 16), w, torch.zeros(8, 1, 16, 16))
    inner = found[..., 1:-1, 1:-1]  # no zeros of the padding
    before = torch.where(inner > 0, inner, 5 * inner) / math.sqrt(2)  # leaky ReLU undone
    assert torch.allclose(before.var((1, 2, 3)), torch.ones(8), atol=0.05)


def test_an_image_is_a_weighted_sum_of_channels() -> None:
    torch.manual_seed(0)
    layer = ToImage(6, 3, style_dim=4)
    nn.init.normal_(layer.bias)
    x, w = torch.randn(2, 6, 5, 5), torch.randn(2, 4)
    found = layer(x, w)
    for image, style, made in zip(x, w, found, strict=True):
        scale = (layer.affine.weight @ style / 2 + layer.affine.bias) / math.sqrt(6)
        weight = (layer.weight * scale)[..., None, None]
        expected = F.conv2d(image[None], weight, layer.bias)[0]
        assert torch.allclose(made, expected, atol=1e-5)


def test_styles_begin_at_one() -> None:
    layer = StyledConv(3, 5, 8, style_dim=4, upsamples=False)
    assert torch.equal(layer.affine(torch.zeros(1, 4)), torch.ones(1, 3))
    assert torch.equal(ToImage(3, 1, style_dim=4).affine(torch.zeros(1, 4)), torch.ones(1, 3))


def test_scales_are_exact_in_bf16() -> None:
    """Activations are rounded to 8 bits, and no sum of squares is."""
    layer, to_image = styled(channels=64), ToImage(5, 1, style_dim=4)
    styles: list[Tensor] = []
    for each in (layer, to_image):
        each.affine.register_forward_hook(lambda *given: styles.append(given[2]))
    x, w, noise = torch.randn(4, 64, 8, 8), torch.randn(4, 4), torch.randn(4, 1, 8, 8)
    exact = layer(x, w, noise)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layer(x, w, noise)
        image = to_image(mixed, w)
    assert [style.dtype for style in styles] == [torch.float32] * 3
    assert mixed.dtype == torch.bfloat16
    assert image.dtype == torch.float32
    assert (mixed - exact).abs().max() < 0.05


@pytest.mark.parametrize("upsamples", [False, True])
def test_derivatives_of_two_orders(upsamples: bool) -> None:
    layer = styled(upsamples=upsamples, channels=2, size=4).double()
    to_image = ToImage(5, 1, style_dim=4).double()
    side = 2 if upsamples else 4
    rng = torch.Generator().manual_seed(0)
    shapes = [(2, 2, side, side), (2, 4), (2, 1, 4, 4)]
    inputs = [torch.randn(shape, generator=rng).double().requires_grad_() for shape in shapes]

    def image(x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        return to_image(layer(x, w, noise), w)

    assert torch.autograd.gradcheck(image, inputs)
    assert torch.autograd.gradgradcheck(image, inputs)


def test_upsampling_keeps_smooth_images_smooth() -> None:
    """The filter comes after the convolution: a constant map, convolved, stays constant inside."""
    layer = StyledConv(1, 1, 16, style_dim=4, upsamples=True)
    nn.init.ones_(layer.weight)
    found = layer(torch.ones(1, 1, 8, 8), torch.zeros(1, 4), torch.zeros(1, 1, 16, 16))
    inner = found[..., 2:-2, 2:-2]
    assert torch.allclose(inner, inner[..., :1, :1].expand_as(inner), atol=1e-5)
    assert Upsample(8)(torch.ones(1, 1, 8, 8)).shape == found.shape
