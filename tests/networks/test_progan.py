"""The ProGAN networks, level by level."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from helpers.networks import discriminator, generator
from torch import Tensor, nn

from ganpipe.networks import progan
from ganpipe.networks.layers.minibatch import mixes_samples

LATENT = 6
POSITIONS = [0.0, 0.3, 1.0, 1.6, 2.0, 2.9, 3.0]  # of four levels: 4, 8, 16, 32 pixels


def networks(position: float, side: int = 32, channels: int = 1) -> tuple[Any, Any]:
    torch.manual_seed(0)
    fields: dict[str, Any] = {"channel_base": 64, "channel_max": 8, "growth": 1.0}
    shape = (channels, side, side)
    generator = progan.Generator(latent_dim=LATENT, image_shape=shape, **fields)
    discriminator = progan.Discriminator(image_shape=shape, **fields)
    return at(generator, position), at(discriminator, position)


def at(network: Any, position: float) -> Any:
    network.growth.position.fill_(position)
    return network


def noise(num: int = 5) -> Tensor:
    return torch.randn(num, LATENT, generator=torch.Generator().manual_seed(1))


def pictures(side: int = 32, channels: int = 1) -> Tensor:
    return torch.randn(5, channels, side, side, generator=torch.Generator().manual_seed(2))


def test_the_sizes_of_the_paper() -> None:
    with torch.device("meta"):
        fields: dict[str, Any] = {"channel_base": 16384, "channel_max": 512, "growth": 0.5}
        generator = progan.Generator(latent_dim=512, image_shape=(3, 32, 32), **fields)
        discriminator = progan.Discriminator(image_shape=(3, 32, 32), **fields)
    assert sum(weight.numel() for weight in generator.parameters()) == 20_719_628
    assert sum(weight.numel() for weight in discriminator.parameters()) == 20_726_785


def convolved(x: Tensor, layer: Any, *, gain: float = math.sqrt(2)) -> Tensor:
    weight = layer.weight * gain / math.sqrt(layer.weight[0].numel())
    return F.conv2d(x, weight, layer.bias, padding=weight.shape[-1] // 2)


def leaky(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, x / 5)


def unit(x: Tensor) -> Tensor:
    return x / (x**2).mean(1, keepdim=True).sqrt()


def doubled(x: Tensor, times: int = 1) -> Tensor:
    return x.repeat_interleave(2**times, 2).repeat_interleave(2**times, 3)


def halved(x: Tensor, times: int = 1) -> Tensor:
    for _ in range(times):
        x = (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4
    return x


@pytest.mark.parametrize("position", POSITIONS)
def test_a_generator_follows_the_papers_table(position: float) -> None:
    """Every level, and the lerp of the newest with the one below, from the weights alone."""
    network, _ = networks(position)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "bias" in name:
                weight.normal_()
    start = network.levels[0]
    weight = start.dense.weight * math.sqrt(2) / 4 / math.sqrt(LATENT)
    x = unit(leaky((unit(noise()) @ weight.T).view(5, 8, 4, 4) + start.bias))
    x = unit(leaky(convolved(x, start.conv[0])))
    images = [convolved(x, network.to_image[0], gain=1)]
    for number in range(1, math.ceil(position) + 1):
        x = doubled(x)
        for norm_conv in list(network.levels[number])[1:]:
            x = unit(leaky(convolved(x, norm_conv[0])))
        images.append(convolved(x, network.to_image[number], gain=1))
    expected = images[-1]
    if share := position % 1:
        expected = share * images[-1] + (1 - share) * doubled(images[-2])
    expected = doubled(expected, 3 - math.ceil(position))
    assert torch.allclose(network(noise()), expected, atol=1e-4)


@pytest.mark.parametrize("position", POSITIONS)
def test_a_discriminator_follows_the_papers_table(position: float) -> None:
    _, network = networks(position)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "bias" in name:
                weight.normal_()
    level, x = math.ceil(position), pictures()
    small = halved(x, 3 - level)
    x = leaky(convolved(small, network.from_image[level][0]))
    for number in range(level, 0, -1):
        for layer in [each for each in network.levels[number].modules() if hasattr(each, "weight")]:
            x = leaky(convolved(x, layer))
        x = halved(x)
        if number == level and (share := position % 1):
            old = leaky(convolved(halved(small), network.from_image[level - 1][0]))
            x = share * x + (1 - share) * old
    first, second = [each for each in network.levels[0].modules() if hasattr(each, "weight")]
    deviation = (x.var(0, correction=0) + 1e-8).sqrt().mean()  # five images are one group
    x = torch.cat([x, deviation.expand(5, 1, 4, 4)], 1)
    x = leaky(convolved(x, first)).flatten(1)
    x = leaky(x @ second.weight.T * math.sqrt(2 / x.shape[1]) + second.bias)
    expected = (x @ network.last.weight.T / math.sqrt(8) + network.last.bias).squeeze(1)
    assert torch.allclose(network(pictures()), expected, atol=1e-4)
    assert mixes_samples(network)


def test_layers_start_with_unit_variance() -> None:
    """He et al.'s gain in every pass: the second moment of an activation is about its input's."""
    torch.manual_seed(0)
    wide = progan.conv(200, 200)
    x = torch.randn(4, 200, 8, 8)
    assert wide(x)[..., 1:-1, 1:-1].square().mean().item() == pytest.approx(1 + 0.2**2, rel=0.05)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_fading_in_begins_at_the_old_image_and_ends_at_the_new_one(level: int) -> None:
    network, critic = networks(0)
    old, faint, new = (
        at(network, place)(noise()) for place in (level - 1, level - 1 + 1e-6, level)
    )
    assert torch.allclose(old, faint, atol=1e-4)
    half = at(network, level - 0.5)(noise())
    assert torch.allclose(half, (old + new) / 2, atol=1e-5)
    assert (new - old).abs().max() > 0.1
    before, at_once = (at(critic, level - 1 + each)(pictures()) for each in (0, 1e-6))
    assert torch.allclose(before, at_once, atol=1e-4)


@pytest.mark.parametrize("level", range(4))
def test_a_discriminator_sees_no_more_than_its_level(level: int) -> None:
    _, network = networks(level)
    details = pictures() - doubled(halved(pictures(), 3 - level), 3 - level)
    same = network(pictures()), network(pictures() - details)
    assert torch.allclose(*same, atol=1e-5)


@pytest.mark.parametrize("position", POSITIONS)
def test_real_images_fade_to_their_means_pixel_by_pixel(position: float) -> None:
    _, network = networks(position)
    level, share = math.ceil(position), position % 1 or 1.0
    real = pictures()
    faded = network.fade(real)

    def mean(row: int, column: int, size: int) -> Tensor:
        top, left = row // size * size, column // size * size
        return real[..., top : top + size, left : left + size].mean((2, 3))

    size = 8 >> level
    for row, column in [(0, 0), (3, 5), (17, 30), (31, 31)]:
        fine, coarse = mean(row, column, size), mean(row, column, 2 * size)
        expected = share * fine + (1 - share) * coarse
        assert torch.allclose(faded[..., row, column], expected, atol=1e-5)
    if position == 3:
        assert faded is real


def in_use(network: nn.Module) -> set[str]:
    return {name for name, weight in network.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("position", POSITIONS)
def test_only_the_layers_in_use_get_gradients(position: float) -> None:
    generator, critic = networks(position)
    critic(generator(noise())).sum().backward()
    level, fades = math.ceil(position), position % 1 > 0
    for network, ends in ((generator, "to_image"), (critic, "from_image")):
        used = {(ends, level)} | {("levels", number) for number in range(level + 1)}
        used |= {(ends, level - 1)} if fades else set()
        expected = {
            name
            for name, _ in network.named_parameters()
            if (parts := name.split("."))[0] in ("last", "growth")
            or (parts[0], int(parts[1])) in used
        }
        assert in_use(network) == expected


def test_weights_files_hold_the_level() -> None:
    generator, _ = networks(1.6)
    other, _ = networks(3)
    other.load_state_dict(generator.state_dict())
    assert other(noise()).equal(generator(noise()))
    assert copy.deepcopy(generator)(noise()).equal(generator(noise()))


@pytest.mark.parametrize("conditioning", ["concat", "projection", "auxiliary"])
def test_conditioned_networks_grow(conditioning: str) -> None:
    """A share of 0.25 is in the third of six phases of 0.1: the second level is trained."""
    told: Any = generator("progan", conditioning="concat", growth=0.6)
    critic: Any = discriminator("progan", conditioning=conditioning, growth=0.6)
    for network in (told, critic):
        assert network.network.growth.moment() == (0, 1)
        assert network.grow(0.25)
        assert network.network.growth.moment() == (1, 1)
    images = told(noise(), torch.tensor([0, 1, 2, 0, 1]))
    assert images.equal(doubled(images[..., ::4, ::4], 2))
    assert critic.fade(pictures()).equal(critic.network.fade(pictures()))


@pytest.mark.parametrize(("side", "levels"), [(28, 3), (32, 4), (64, 5)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_side_in_bf16(side: int, levels: int, channels: int) -> None:
    generator, critic = networks(0, side, channels)
    for position in [0, *(number + 0.5 for number in range(levels - 1)), levels - 1]:
        with torch.autocast("cpu", torch.bfloat16):
            images = at(generator, position)(noise())
            logits = at(critic, position)(images)
        assert images.shape == (5, channels, side, side)
        assert images.isfinite().all()
        assert (logits.shape, logits.dtype) == ((5,), torch.float32)
        assert logits.isfinite().all()
        logits.sum().backward()


def test_a_gradient_penalty_can_be_differentiated() -> None:
    """The slope of a penalty along one layer's weight, by central differences."""
    _, network = networks(2.6)
    network = network.double()
    weight = network.from_image[3][0].weight
    start = weight.detach().clone()
    real = pictures().double().requires_grad_()

    def penalty(scale: float) -> Tensor:
        with torch.no_grad():
            weight.copy_(scale * start)
        (slopes,) = torch.autograd.grad(network(real).sum(), real, create_graph=True)
        return slopes.square().sum()

    (gradient,) = torch.autograd.grad(penalty(1.0), weight)
    slope = (penalty(1 + 1e-6) - penalty(1 - 1e-6)).item() / 2e-6
    assert (gradient * start).sum().item() == pytest.approx(slope, rel=1e-5)
