"""The residual networks of WGAN-GP and SNGAN: sizes, and whole passes in plain arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from helpers.naive import Image, averaged, convolved, doubled, rectified
from helpers.networks import CLASSES, LATENT, discriminator, generator
from torch import nn

from ganpipe.networks import resnet
from ganpipe.networks.layers.conditioning import AuxiliaryDiscriminator, ProjectionDiscriminator
from ganpipe.networks.layers.norm import ConditionalBatchNorm2d

COLOUR = (3, 32, 32)


def size(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_generators_have_the_programs_numbers_of_weights() -> None:
    def weights(width: int, **fields: Any) -> int:
        return size(resnet.Generator(latent_dim=128, image_shape=COLOUR, width=width, **fields))

    labels = {"conditioning": "batch_norm", "num_classes": 10}
    assert weights(256) == 4_276_739
    assert weights(256, **labels) == 4_304_387
    assert weights(128) == 1_204_483
    assert weights(128, **labels) == 1_218_307


def test_discriminators_have_the_programs_numbers_of_weights() -> None:
    sngan = resnet.Discriminator(image_shape=COLOUR, width=128, pool="sum", output_bias=False)
    wgan_gp = resnet.Discriminator(image_shape=COLOUR, width=128, pool="mean", output_bias=True)
    assert size(sngan) == 1_053_824
    assert size(ProjectionDiscriminator(sngan, 10)) == 1_055_104
    assert size(wgan_gp) == 1_053_825
    assert size(AuxiliaryDiscriminator(wgan_gp, 10)) == 1_055_115


@pytest.mark.parametrize("pool", ["sum", "mean"])
def test_a_discriminators_pass_in_plain_arithmetic(pool: str) -> None:
    network: Any = discriminator("resnet", (2, 8, 8), width=3, pool=pool)
    for bias in [w for name, w in network.named_parameters() if name.endswith("bias")]:
        nn.init.normal_(bias)
    image = torch.rand(1, 2, 8, 8) * 2 - 1
    first, *others = network.features[:-1]
    x: Image = image[0].double().numpy()

    def inner(block: Any, x: Image) -> Image:
        hidden = rectified(convolved(x, block.conv1.weight, block.conv1.bias))
        return convolved(hidden, block.conv2.weight, block.conv2.bias)

    shortcut = convolved(averaged(x), first.shortcut.weight, first.shortcut.bias)
    x = averaged(inner(first, x)) + shortcut
    assert x.shape == (3, 4, 4)
    for block in others:
        x = inner(block, rectified(x)) + x
    pooled = rectified(x).reshape(3, 16).sum(1) / (16 if pool == "mean" else 1)
    expected = network.last.weight[0].detach().numpy() @ pooled + network.last.bias.item()
    assert network(image).item() == pytest.approx(expected, abs=1e-4)


def test_a_later_block_takes_1_x_1_before_it_halves() -> None:
    network: Any = discriminator("resnet", width=3)
    block = network.features[1]
    x = torch.randn(1, 3, 4, 4)
    image: Image = x[0].double().numpy()
    hidden = rectified(convolved(rectified(image), block.conv1.weight, block.conv1.bias))
    shortcut = averaged(convolved(image, block.shortcut.weight, block.shortcut.bias))
    expected = averaged(convolved(hidden, block.conv2.weight, block.conv2.bias)) + shortcut
    np.testing.assert_allclose(block(x)[0].detach().numpy(), expected, atol=1e-4)


def test_a_generators_pass_in_plain_arithmetic() -> None:
    network: Any = generator("resnet", (2, 8, 8), width=3, conditioning="batch_norm").eval()
    for name, weight in [*network.named_parameters(), *network.named_buffers()]:
        if name.split(".")[-2] in ("gain", "shift") or name.endswith(("bias", "mean")):
            nn.init.normal_(weight)
        if name.endswith("var"):
            nn.init.uniform_(weight, 0.5, 2)
    z, label = torch.randn(1, LATENT), torch.tensor([1])

    def normalised(norm: Any, x: Image) -> Image:
        plain = norm.norm if isinstance(norm, ConditionalBatchNorm2d) else norm
        mean, var = plain.running_mean.numpy(), plain.running_var.numpy()
        x = (x - mean[:, None, None]) / np.sqrt(var + 1e-5)[:, None, None]
        if isinstance(norm, ConditionalBatchNorm2d):
            scale = 1 + norm.gain.weight[1].detach().numpy()
            shift = norm.shift.weight[1].detach().numpy()
        else:
            scale, shift = norm.weight.detach().numpy(), norm.bias.detach().numpy()
        return scale[:, None, None] * x + shift[:, None, None]

    weight, bias = (each.detach().double().numpy() for each in network.first.parameters())
    x: Image = (weight @ z[0].double().numpy() + bias).reshape(3, 4, 4)
    (block,) = network.blocks
    inner = doubled(rectified(normalised(block.norm1, x)))
    inner = rectified(
        normalised(block.norm2, convolved(inner, block.conv1.weight, block.conv1.bias))
    )
    shortcut = convolved(doubled(x), block.shortcut.weight, block.shortcut.bias)
    x = convolved(inner, block.conv2.weight, block.conv2.bias) + shortcut
    x = rectified(normalised(network.norm, x))
    expected = np.tanh(convolved(x, network.last.weight, network.last.bias))
    np.testing.assert_allclose(network(z, label)[0].detach().numpy(), expected, atol=1e-4)


def test_the_class_enters_every_norm_of_the_blocks_and_not_the_last() -> None:
    network: Any = generator("resnet", conditioning="batch_norm")
    for block in network.blocks:
        for norm in (block.norm1, block.norm2):
            assert norm.gain.weight.shape == (CLASSES, 4)
    assert type(network.norm) is nn.BatchNorm2d


@pytest.mark.parametrize("side", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("arch", ["resnet", "biggan"])
def test_games_at_every_size_are_finite_in_bf16_and_have_penalties(
    arch: str, channels: int, side: int
) -> None:
    shape = (channels, side, side)
    g = generator(arch, shape, width=2, conditioning="batch_norm")
    d = discriminator(arch, shape, width=2, conditioning="projection")
    labels = torch.tensor([0, 1, 2, 1])
    with torch.autocast("cpu", torch.bfloat16):
        images = g(torch.randn(4, LATENT), labels)
        loss = d(images, labels).float().mean()
    assert images.shape == (4, *shape)
    assert images.abs().max() <= 1
    loss.backward()
    points = images.detach().float().requires_grad_()
    (slopes,) = torch.autograd.grad(d(points, labels).sum(), points, create_graph=True)
    (slopes.flatten(1).norm(dim=1) - 1).square().mean().backward()
    for network in (g, d):
        assert all(w.grad is not None and w.grad.isfinite().all() for w in network.parameters())
