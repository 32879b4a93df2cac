"""The equalised learning rate against its definition."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from ganpipe.networks.layers.equalised import EqualisedConv2d, EqualisedLinear, Scales

GAIN, MULTIPLIER = math.sqrt(2), 0.01
ALL: Scales = {"gain": GAIN, "bias_gain": 3.0, "lr_multiplier": MULTIPLIER, "start": 1.0}


def test_weights_are_scaled_when_they_are_used() -> None:
    torch.manual_seed(0)
    linear = EqualisedLinear(200, 300, **ALL)
    assert linear.weight.std().item() == pytest.approx(1 / MULTIPLIER, rel=0.01)
    x = torch.randn(5, 200)
    weight = linear.weight * MULTIPLIER / math.sqrt(200)
    assert torch.allclose(linear(x), GAIN * x @ weight.T + 1, atol=1e-5)
    conv = EqualisedConv2d(10, 12, 3, stride=2, padding=1, gain=GAIN)
    assert conv.weight.std().item() == pytest.approx(1, rel=0.05)
    x = torch.randn(2, 10, 9, 9)
    expected = F.conv2d(x, conv.weight * GAIN / math.sqrt(90), stride=2, padding=1)
    assert torch.allclose(conv(x), expected, atol=1e-5)


def test_a_layer_keeps_the_variance_of_what_it_gets() -> None:
    torch.manual_seed(0)
    images = torch.randn(20, 64, 8, 8)
    conv = EqualisedConv2d(64, 64, 3)
    assert conv(images).std().item() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("bias", [True, False])
def test_the_multiplier_slows_what_is_used(bias: bool) -> None:
    """By its square under SGD, where the gradient is scaled as well, and times 1 / fan in."""
    layer = EqualisedLinear(50, 1, bias=bias, lr_multiplier=MULTIPLIER).double()
    x = torch.randn(1, 50).double()
    before = layer.scaled_weight()
    layer(x).sum().backward()
    torch.optim.SGD(layer.parameters(), lr=0.1).step()
    moved = layer.scaled_weight() - before
    assert torch.allclose(moved, -0.1 * MULTIPLIER**2 / 50 * x, rtol=1e-4)
    if bias:
        used = layer.scaled_bias()
        assert used is not None
        assert used.item() == pytest.approx(-0.1 * MULTIPLIER**2)
    else:
        assert layer.scaled_bias() is None


def test_the_multiplier_slows_adam_by_itself() -> None:
    layer = EqualisedLinear(50, 1, lr_multiplier=MULTIPLIER).double()
    before = layer.scaled_weight()
    layer(torch.ones(1, 50).double()).sum().backward()
    torch.optim.Adam(layer.parameters(), lr=0.1).step()
    moved = (layer.scaled_weight() - before).abs()
    expected = torch.full_like(moved, 0.1 * MULTIPLIER / math.sqrt(50))
    assert torch.allclose(moved, expected, rtol=1e-4)


def test_gains_before_a_leaky_relu_equal_a_gain_after_it() -> None:
    torch.manual_seed(0)
    layer = EqualisedConv2d(3, 4, 3, gain=GAIN, bias_gain=GAIN, start=0.5)
    plain = EqualisedConv2d(3, 4, 3)
    plain.weight, plain.bias = layer.weight, layer.bias
    x = torch.randn(2, 3, 6, 6)
    expected = F.leaky_relu(plain(x), 0.2) * GAIN
    assert torch.allclose(F.leaky_relu(layer(x), 0.2), expected, atol=1e-6)
