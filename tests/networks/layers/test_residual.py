"""Residual blocks against their layers one after the other."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ganpipe.networks import resnet
from ganpipe.networks.layers.residual import (
    DownBlock,
    DownConv2d,
    UpBlock,
    UpConv2d,
    down_channels,
    up_channels,
)


@pytest.mark.parametrize(("height", "width"), [(4, 4), (7, 7), (2, 6)])
@pytest.mark.parametrize("kind", [UpConv2d, DownConv2d])
def test_one_layer_is_two_and_so_are_its_derivatives(
    kind: type[nn.Conv2d], height: int, width: int
) -> None:
    torch.manual_seed(0)
    layer = kind(3, 5).double()  # type: ignore[call-arg]
    sides = (height, width) if kind is UpConv2d else (2 * height, 2 * width)
    x = torch.randn(2, 3, *sides, dtype=torch.float64, requires_grad=True)
    if kind is UpConv2d:
        doubled = F.interpolate(x, scale_factor=2)
        expected = F.conv2d(doubled, layer.weight, layer.bias, padding=1)
    else:
        expected = F.avg_pool2d(F.conv2d(x, layer.weight, layer.bias, padding=1), 2)
    output = layer(x)
    assert output.shape == expected.shape
    assert torch.allclose(output, expected)
    slopes = []
    for each in (output, expected):
        inputs = [x, layer.weight]
        first = torch.autograd.grad(each.square().sum(), inputs, create_graph=True)
        second = torch.autograd.grad(first[0].square().sum(), inputs)
        slopes.append([*first, *second])
    for ours, theirs in zip(*slopes, strict=True):
        assert torch.allclose(ours, theirs)


def test_a_halving_block_leaves_its_input_as_it_is() -> None:
    torch.manual_seed(0)
    for halve in (True, False):
        block = DownBlock(3, 3, hidden=3, halve=halve)
        x = torch.randn(2, 3, 4, 4)
        before = x.clone()
        block(x)
        assert x.equal(before)


def test_a_block_without_a_learnt_shortcut_adds_its_input() -> None:
    block = DownBlock(3, 3, hidden=3, halve=False)
    nn.init.zeros_(block.conv2.weight)
    nn.init.zeros_(block.conv2.bias)  # type: ignore[arg-type]
    x = torch.randn(2, 3, 4, 4)
    assert block(x).equal(x)


def test_channels_are_those_of_the_programs() -> None:
    assert up_channels(28, 64) == (7, [64] * 3)
    assert up_channels(32, 256) == (4, [256] * 4)
    assert up_channels(48, 64) == (6, [512, 256, 128, 64])
    assert up_channels(64, 64) == (4, [1024, 512, 256, 128, 64])
    assert up_channels(128, 64) == (4, [1024, 1024, 512, 256, 128, 64])
    assert down_channels(28, 64) == down_channels(32, 64)
    assert down_channels(32, 64) == [(64, True), (64, True), (64, False), (64, False)]
    assert [channels for channels, _ in down_channels(64, 64)] == [64, 128, 256, 512, 1024]
    assert [channels for channels, _ in down_channels(128, 64)] == [64, 128, 256, 512, 1024, 1024]
    for size, downs in ((64, 4), (128, 5)):
        halves = [halve for _, halve in down_channels(size, 64)]
        assert halves == [True] * downs + [False]


def test_initial_weights_are_glorots_with_a_larger_gain_inside_blocks() -> None:
    torch.manual_seed(0)
    generator = resnet.Generator(latent_dim=64, image_shape=(3, 32, 32), width=64)
    discriminator = resnet.Discriminator(
        image_shape=(3, 32, 32), width=64, pool="sum", output_bias=True
    )
    seen = 0
    for network in (generator, discriminator):
        blocks = [m for m in network.modules() if isinstance(m, UpBlock | DownBlock)]
        inside = [conv for block in blocks for conv in (block.conv1, block.conv2)]
        for module in network.modules():
            if not isinstance(module, nn.Linear | nn.Conv2d):
                continue
            weight = module.weight.detach()
            pixels = weight[0, 0].numel() if weight.dim() == 4 else 1
            bound = math.sqrt(6 / (pixels * (weight.shape[0] + weight.shape[1])))
            bound *= math.sqrt(2) if any(module is conv for conv in inside) else 1
            assert weight.abs().max() <= bound
            if weight.numel() > 1000:
                seen += 1
                assert weight.abs().max().item() == pytest.approx(bound, rel=0.01)
                assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.06)
            assert module.bias is not None
            assert not module.bias.any()
    assert seen == 1 + 3 * 3 + 1 + 2 + 2 * 3 + 1
