"""The R3GAN networks, layer by layer."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks import r3gan

LATENT = 6
PAPER: dict[str, Any] = {
    "width": 768,
    "widest_side": 32,
    "blocks": 2,
    "group_width": 16,
    "expansion": 2,
}
SMALL: dict[str, Any] = {
    "width": 8,
    "widest_side": 8,
    "blocks": 2,
    "group_width": 4,
    "expansion": 2,
}


def generator(side: int = 32, channels: int = 1, **fields: Any) -> Any:
    torch.manual_seed(0)
    shape = (channels, side, side)
    return r3gan.Generator(latent_dim=LATENT, image_shape=shape, **{**SMALL, **fields})


def discriminator(side: int = 32, channels: int = 1, **fields: Any) -> Any:
    torch.manual_seed(0)
    return r3gan.Discriminator(image_shape=(channels, side, side), **{**SMALL, **fields})


def stirred(network: Any) -> Any:
    """``network`` with blocks that do something, as after some training."""
    for block in network.modules():
        if isinstance(block, r3gan.Block):
            nn.init.normal_(block.narrow.weight, 0, 0.2)
            nn.init.normal_(block.widen.bias)
            nn.init.normal_(block.mix.bias)
    return network


def pictures(side: int = 32, channels: int = 1) -> Tensor:
    return torch.randn(5, channels, side, side, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(
    ("sides", "g_parameters", "d_parameters"),
    [
        (("none", "none"), 20_732_160, 20_683_776),
        (("embedding", "projection"), 20_781_952, 21_280_512),
    ],
)
def test_the_sizes_of_the_paper(
    sides: tuple[str, str], g_parameters: int, d_parameters: int
) -> None:
    with torch.device("meta"):
        g, d = (
            r3gan.Generator(
                latent_dim=64,
                image_shape=(3, 32, 32),
                conditioning=sides[0],
                num_classes=10,
                **PAPER,
            ),
            r3gan.Discriminator(
                image_shape=(3, 32, 32), conditioning=sides[1], num_classes=10, **PAPER
            ),
        )
    assert sum(weight.numel() for weight in g.parameters()) == g_parameters
    assert sum(weight.numel() for weight in d.parameters()) == d_parameters


def test_every_block_starts_as_the_identity() -> None:
    for network in (generator(), discriminator()):
        blocks = [each for each in network.modules() if isinstance(each, r3gan.Block)]
        assert len(blocks) == 8
        for block in blocks:
            x = torch.randn(2, block.widen.in_channels, 4, 4)
            assert block(x).equal(x)


def test_weights_start_with_the_variance_of_the_program() -> None:
    """g² / fan in, where g is the gain of the leaky ReLU times (2 blocks x 4 stages)^(-1/4)."""
    torch.manual_seed(0)
    wide = {**PAPER, "width": 96}
    g = r3gan.Generator(
        latent_dim=64, image_shape=(3, 32, 32), conditioning="embedding", num_classes=10, **wide
    )
    d = r3gan.Discriminator(
        image_shape=(3, 32, 32), conditioning="projection", num_classes=10, **wide
    )
    gain = math.sqrt(2 / 1.04) * 0.5946
    expected = {
        "start": (g.start, 1 / math.sqrt(128)),
        "embedding of G": (g.embedding, 1 / math.sqrt(10)),
        "embedding of D": (d.embedding, 1 / math.sqrt(10 * 96)),
        "gather": (d.gather, 1 / 4),
        "last": (d.last, 1 / math.sqrt(96)),
        "to RGB": (g.finer[-1], 1 / math.sqrt(96)),
        "from RGB": (d.finer[0], 1 / math.sqrt(3)),
    }
    for side, network in (("G", g), ("D", d)):
        for name, layer in network.named_modules(prefix=side):
            if isinstance(layer, r3gan.Block):
                expected[f"{name}.widen"] = (layer.widen, gain / math.sqrt(96))
                expected[f"{name}.mix"] = (layer.mix, gain / math.sqrt(9 * 16))
                assert not layer.narrow.weight.any()
                assert not layer.widen.bias.any()
                assert not layer.mix.bias.any()
    assert len(expected) == 7 + 2 * 16
    for name, (layer, deviation) in expected.items():
        few = 4 / math.sqrt(2 * layer.weight.numel())  # four deviations of the estimate
        assert layer.weight.std().item() == pytest.approx(deviation, rel=few), name
    assert g.basis.std().item() == pytest.approx(1, rel=0.1)


def test_a_block_group_by_group() -> None:
    torch.manual_seed(0)
    block = stirred(nn.Sequential(r3gan.Block(6, inner=12, groups=3, gain=1.0)))[0]
    x = torch.randn(2, 6, 5, 5)

    def leaky(x: Tensor) -> Tensor:
        return torch.where(x > 0, x, 0.2 * x)

    wide = torch.einsum("oi,nihw->nohw", block.widen.weight[..., 0, 0], x)
    wide = leaky(wide + block.widen.bias[:, None, None])
    mixed = []
    for group in range(3):
        part = slice(4 * group, 4 * group + 4)
        patches = F.unfold(wide[:, part], 3, padding=1)
        mixed.append((block.mix.weight[part].flatten(1) @ patches).view(2, 4, 5, 5))
    y = leaky(torch.cat(mixed, 1) + block.mix.bias[:, None, None])
    expected = x + torch.einsum("oi,nihw->nohw", block.narrow.weight[..., 0, 0], y)
    assert torch.allclose(block(x), expected, atol=1e-5)


def test_widths_change_where_pixels_are_few() -> None:
    """A linear map of pixels stands before upsampling and after downsampling."""
    g, d = (
        [type(layer).__name__ for layer in network.finer]
        for network in (generator(widest_side=16), discriminator(widest_side=16))
    )
    up, down = ["Upsample", "Sequential"], ["Sequential", "Downsample"]
    assert g == [*up, *up, "Conv2d", *up, "Conv2d"]
    assert d == ["Conv2d", *down, "Conv2d", *down, *down]


def test_groups_keep_their_channels_where_widths_halve() -> None:
    groups = {
        (block.widen.in_channels, block.mix.groups)
        for block in discriminator(side=64, width=16, group_width=4).modules()
        if isinstance(block, r3gan.Block)
    }
    assert groups == {(16, 8), (8, 4), (4, 2), (2, 1)}


@pytest.mark.parametrize(("group_width", "groups"), [(1, 12), (4, 3), (8, 3), (5, 12), (99, 4)])
def test_groups_are_equal_whatever_divides(group_width: int, groups: int) -> None:
    network = discriminator(width=6, group_width=group_width)
    assert network.base[0].mix.groups == groups


def test_an_untrained_generator_scales_its_basis_channel_by_channel() -> None:
    network = generator(side=28, widest_side=28)
    z = torch.randn(3, LATENT)
    scales = z @ network.start.weight.T
    maps = torch.stack([scale.view(8, 1, 1) * network.basis for scale in scales])
    kernel = torch.tensor([1.0, 3, 3, 1]).outer(torch.tensor([1.0, 3, 3, 1])) / 16
    for _ in range(2):  # bilinear, with zeros outside
        per_channel = kernel.expand(8, 1, 4, 4)
        maps = F.conv_transpose2d(maps, per_channel, stride=2, padding=1, groups=8)
    expected = torch.einsum("oi,nihw->nohw", network.finer[-1].weight[..., 0, 0], maps)
    assert torch.allclose(network(z), expected, atol=1e-4)


def test_an_untrained_discriminator_is_linear() -> None:
    network = discriminator(side=28, widest_side=28)
    x = torch.einsum("oi,nihw->nohw", network.finer[0].weight[..., 0, 0], pictures(28))
    kernel = torch.tensor([1.0, 3, 3, 1]).outer(torch.tensor([1.0, 3, 3, 1])) / 64
    for _ in range(2):
        x = F.conv2d(x, kernel.expand(8, 1, 4, 4), stride=2, padding=1, groups=8)
    features = (x * network.gather.weight[:, 0]).sum((2, 3))
    assert network.features(pictures(28)).shape == (5, network.feature_channels, 7, 7)
    assert torch.allclose(network(pictures(28)), features @ network.last.weight[0], atol=1e-4)


def test_a_vector_of_the_class_joins_z() -> None:
    network = stirred(generator(conditioning="embedding", num_classes=3))
    z, labels = torch.randn(4, LATENT), torch.tensor([0, 2, 1, 2])
    vectors = torch.stack([network.embedding.weight[label] for label in labels])
    starts = torch.cat([z, vectors], 1) @ network.start.weight.T
    base = network.base(network.basis * starts[:, :, None, None])
    assert network.num_classes == 3
    assert torch.allclose(network(z, labels), network.finer(base), atol=1e-4)


def test_the_last_features_are_projected_onto_a_vector_of_the_class() -> None:
    network = stirred(discriminator(conditioning="projection", num_classes=3))
    labels = torch.tensor([0, 2, 1, 1, 2])
    h = network.gather(network.features(pictures(), labels)).flatten(1) @ network.last.weight.T
    expected = torch.stack(
        [row @ network.embedding.weight[y] for row, y in zip(h, labels, strict=True)]
    )
    assert network.num_classes == 3
    assert torch.allclose(network(pictures(), labels), expected, atol=1e-4)


@pytest.mark.parametrize("side", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_side_in_bf16(side: int, channels: int) -> None:
    g, d = stirred(generator(side, channels)), stirred(discriminator(side, channels))
    z = torch.randn(5, LATENT)
    with torch.autocast("cpu", torch.bfloat16):
        images = g(z)
        logits = d(images)
    assert images.shape == (5, channels, side, side)
    assert torch.allclose(images.float(), g(z), atol=0.05 * images.abs().max().item())
    assert (logits.shape, logits.dtype) == ((5,), torch.float32)
    logits.sum().backward()
    weights = [*g.parameters(), *d.parameters()]
    assert all(weight.grad.isfinite().all() and weight.grad.any() for weight in weights)


def test_a_gradient_penalty_can_be_differentiated() -> None:
    """The slope of a penalty along one layer's weight, by central differences."""
    network = stirred(discriminator()).double()
    weight = network.finer[1][0].mix.weight
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
