"""The networks of DDGAN: their layers in plain arithmetic, their start, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.networks.layers.adaptive_norm import AdaptiveGroupNorm, groups_of
from ganpipe.networks.layers.denoising import (
    Attention,
    PairBlock,
    ResidualBlock,
    TimeEmbedding,
    sinusoids,
)
from ganpipe.networks.layers.resample import Downsample, Upsample
from ganpipe.networks.layers.variance_scaling import drawn
from ganpipe.networks.ncsnpp import Discriminator, Generator

FIELDS: dict[str, Any] = {
    "latent_dim": 5,
    "width": 4,
    "multipliers": [1, 2, 2],
    "blocks": 1,
    "attention": 0,
    "style_dim": 6,
    "mapping_layers": 2,
}


def generator(shape: tuple[int, int, int] = (1, 16, 16), **fields: Any) -> Generator:
    torch.manual_seed(0)
    return Generator(image_shape=shape, **FIELDS | fields)


def given(count: int = 3, shape: tuple[int, int, int] = (1, 16, 16)) -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    return torch.randn(count, *shape), torch.arange(count) % 4, torch.randn(count, 5)


def moved(network: nn.Module) -> nn.Module:
    """The network away from its start, where many layers have almost no output."""
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.2 * torch.randn_like(weight)
    return network


def normalised(x: np.ndarray, groups: int) -> np.ndarray:
    """Group norm of (C, h, w), group by group."""
    parts = np.split(x, groups)
    return np.concatenate([(p - p.mean()) / np.sqrt(p.var() + 1e-6) for p in parts])


def silu(x: Tensor) -> Tensor:
    return x / (1 + (-x).exp())


def test_an_adaptive_norm_is_scaled_and_shifted_by_the_style() -> None:
    norm = moved(AdaptiveGroupNorm(8, 3))
    x, style = 2 + 3 * torch.randn(2, 8, 4, 4), torch.randn(2, 3)
    found = norm(x, style).detach()
    weight, bias = norm.get_parameter("style.weight"), norm.get_parameter("style.bias")
    for image, its_style, result in zip(x, style, found, strict=True):
        numbers = (weight @ its_style + bias).detach().numpy()[:, None, None]
        expected = numbers[:8] * normalised(image.numpy(), 2) + numbers[8:]
        np.testing.assert_allclose(result.numpy(), expected, atol=1e-4)


def test_an_adaptive_norm_starts_with_biases_of_1_and_0_and_works_in_fp32() -> None:
    norm = AdaptiveGroupNorm(8, 3)
    assert norm.style.bias.tolist() == [1.0] * 8 + [0.0] * 8
    with torch.autocast("cpu", torch.bfloat16):
        assert norm(torch.randn(2, 8, 4, 4).bfloat16(), torch.randn(2, 3)).dtype == torch.float32


@pytest.mark.parametrize(
    ("channels", "groups"), [(128, 32), (256, 32), (384, 32), (64, 16), (8, 2), (2, 1), (14, 1)]
)
def test_groups_divide_the_channels(channels: int, groups: int) -> None:
    assert groups_of(channels) == groups


@torch.no_grad()
def test_attention_weighs_all_pixels_of_the_image() -> None:
    layer = moved(Attention(4))
    x = torch.randn(2, 4, 3, 3)
    found = layer(x)
    h = layer.norm(x)  # type: ignore[operator]
    for image in range(2):
        query, key, value = (
            getattr(layer, name)(h)[image].flatten(1) for name in ("query", "key", "value")
        )
        seen = torch.zeros(4, 9)
        for pixel in range(9):
            scores = [float(query[:, pixel] @ key[:, other]) / 2 for other in range(9)]
            shares = np.exp(scores) / np.exp(scores).sum()
            seen[:, pixel] = sum(float(s) * value[:, k] for k, s in enumerate(shares))  # type: ignore[arg-type]
        output = layer.output(seen.view(1, 4, 3, 3))[0]  # type: ignore[operator]
        torch.testing.assert_close(found[image], (x[image] + output) / math.sqrt(2))


@pytest.mark.parametrize("resampling", [None, "up", "down"])
def test_a_residual_block_is_the_programs(resampling: Any) -> None:
    sizes = {"time_dim": 5, "style_dim": 6}
    block: Any = moved(ResidualBlock(8, 12, 4, resampling=resampling, **sizes))
    x, time, style = torch.randn(2, 8, 4, 4), torch.randn(2, 5), torch.randn(2, 6)
    resample = {None: nn.Identity(), "up": Upsample(4), "down": Downsample(4)}[resampling]
    h = block.conv1(resample(silu(block.norm1(x, style))))
    h = h + block.time(time).view(2, 12, 1, 1)
    h = block.conv2(silu(block.norm2(h, style)))
    expected = (block.shortcut(resample(x)) + h) / math.sqrt(2)
    torch.testing.assert_close(block(x, time, style), expected)
    assert isinstance(ResidualBlock(8, 8, 4, **sizes).shortcut, nn.Identity)
    assert isinstance(ResidualBlock(8, 8, 4, resampling="up", **sizes).shortcut, nn.Conv2d)


def test_a_pair_block_halves_between_its_convolutions() -> None:
    block: Any = moved(PairBlock(3, 6, time_dim=5, slope=0.2, halved=4))
    x, time = torch.randn(2, 3, 4, 4), torch.randn(2, 5)
    h = block.conv1(torch.where(x > 0, x, 0.2 * x)) + block.time(time).view(2, 6, 1, 1)
    h = block.conv2(Downsample(4)(torch.where(h > 0, h, 0.2 * h)))
    expected = (block.shortcut(Downsample(4)(x)) + h) / math.sqrt(2)
    torch.testing.assert_close(block(x, time), expected)


def test_steps_are_sines_and_cosines() -> None:
    found = sinusoids(torch.tensor([0, 3]), 7)
    frequencies = [1, 10000**-0.5, 1 / 10000]
    sines = [math.sin(3 * f) for f in frequencies]
    cosines = [math.cos(3 * f) for f in frequencies]
    expected = torch.tensor([[0.0] * 3 + [1.0] * 3 + [0.0], [*sines, *cosines, 0.0]])
    torch.testing.assert_close(found, expected)
    embedding = TimeEmbedding(6, 5, "average", nn.SiLU())
    inner = silu(embedding.first(sinusoids(torch.tensor([1, 2]), 6)))
    torch.testing.assert_close(embedding(torch.tensor([1, 2])), silu(embedding.second(inner)))


@pytest.mark.parametrize(("fan", "number"), [("average", 9 * (200 + 50) / 2), ("out", 9 * 50)])
def test_initial_weights_have_the_variance_of_their_fan(fan: Any, number: float) -> None:
    layer = drawn(nn.Conv2d(200, 50, 3), fan, 0.1)
    assert layer.weight.var().item() == pytest.approx(0.1 / number, rel=0.05)
    assert layer.weight.abs().max().item() == pytest.approx((0.3 / number) ** 0.5, rel=0.01)
    assert not layer.bias.any()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("size", "channels", "fields"),
    [
        (28, 1, {}),
        (32, 3, {"multipliers": [1, 2, 2, 2], "blocks": 2, "attention": 16}),
        (16, 1, {"multipliers": [2], "attention": 16}),
        (64, 3, {"multipliers": [1, 3]}),
    ],
)
def test_shapes(size: int, channels: int, fields: dict[str, Any]) -> None:
    shape = (channels, size, size)
    network, judge = generator(shape, **fields), Discriminator(image_shape=shape, width=4)
    images = network(*given(3, shape))
    assert images.shape == (3, *shape)
    assert images.abs().max() < 1e-2  # the last layer starts with almost no output
    images = moved(network)(*given(3, shape))
    assert 0.02 < images.abs().max() <= 1
    assert judge(torch.cat([images, images], 1), torch.arange(3)).shape == (3,)
    attending = [block for block in network.modules() if isinstance(block, Attention)]
    levels = fields.get("multipliers", [1, 2, 2])
    assert len(attending) == 1 + (fields.get("blocks", 1) + 1) * bool(fields.get("attention", 0))
    assert len(network.pyramid) == len(levels) - 1


def test_the_output_depends_on_every_input_and_every_way() -> None:
    network: Any = moved(generator(multipliers=[1, 2, 2, 2], attention=8))
    inputs = given()
    images = network(*inputs)
    images.sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in network.parameters())
    x, step, z = inputs
    for others in ((x + 1, step, z), (x, step + 1, z), (x, step, -z)):
        assert (network(*others) - images).abs().amax((1, 2, 3)).min() > 1e-4


def test_the_scale_of_z_does_not_matter() -> None:
    """The mapping network sees it with a second moment of 1."""
    network = moved(generator())
    x, step, z = given()
    torch.testing.assert_close(network(x, step, 3 * z), network(x, step, z), atol=1e-5, rtol=0)


def test_a_discriminator_sees_both_images_the_step_and_its_group() -> None:
    judge = moved(Discriminator(image_shape=(1, 16, 16), width=4))
    pair, step = torch.randn(8, 2, 16, 16), torch.arange(8) % 4
    logits = judge(pair, step)
    for channel in (0, 1):
        others = pair.clone()
        others[:, channel] += 1
        assert (judge(others, step) - logits).abs().min() > 1e-5
    assert (judge(pair, (step + 1) % 4) - logits).abs().min() > 1e-6
    others = pair.clone()
    others[0] += 1  # of the group 0, 2, 4, 6
    changed = (judge(others, step) - logits).abs() > 1e-7
    assert changed.tolist() == [True, False] * 4


def test_a_discriminator_starts_without_an_opinion() -> None:
    judge = Discriminator(image_shape=(1, 16, 16), width=4)
    assert judge(torch.randn(4, 2, 16, 16), torch.arange(4)).abs().max() < 1e-3


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"multipliers": [1, 1, 1, 1, 1, 1]}, "images of 16 pixels cannot be halved 5 times"),
        (
            {"attention": 5},
            "no block of the network has a map of 5 pixels .* one of 16, 8, 4, or 0 for "
            "attention at the bottom alone",
        ),
    ],
)
def test_what_does_not_fit_the_images_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(GanpipeError, match=said):
        generator(**fields)
