"""Translators and their discriminator: published sizes, plain references, odd sides."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.data.spec import Domain
from ganpipe.networks.configs.translators import (
    PatchDiscriminator,
    ResNetTranslator,
    UNetTranslator,
)
from ganpipe.networks.layers.borders import Reflect, cut, extend
from ganpipe.networks.network import Network
from ganpipe.networks.patch import patches
from ganpipe.networks.translators import build_patch_discriminator, build_translator


def square(side: int, channels: int = 3) -> Domain:
    return Domain(channels, side, side)


def unet(side: int, width: int = 64, channels: int = 3, **fields: Any) -> Network:
    config = UNetTranslator(arch="unet", width=width, **fields)
    return build_translator(config, square(side), square(side, channels))


def resnet(side: int, width: int = 64, **fields: Any) -> Network:
    config = ResNetTranslator(arch="resnet_translator", width=width, **fields)
    return build_translator(config, square(side), square(side))


def patch(side: int, channels: int, layers: int, norm: Any, width: int = 64) -> Network:
    config = PatchDiscriminator(arch="patch", width=width, layers=layers, norm=norm)
    return build_patch_discriminator(config, (channels, side, side))


def count(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize(
    ("side", "depth", "width", "expected"),
    [
        (256, None, 64, 54_413_955),
        (128, None, 64, 41_828_995),
        (32, None, 64, 16_659_075),
        (32, None, 32, 4_168_003),
        (28, None, 32, 4_168_003),
        (512, None, 64, 54_413_955),
        (256, 5, 64, 16_659_075),
    ],
)
def test_unets_have_the_published_sizes(
    side: int, depth: int | None, width: int, expected: int, norm: str
) -> None:
    with torch.device("meta"):
        assert count(unet(side, width, depth=depth, norm=norm)) == expected


@pytest.mark.parametrize(
    ("side", "blocks", "expected"),
    [(256, None, 11_378_179), (128, None, 7_837_699), (32, None, 7_837_699), (32, 9, 11_378_179)],
)
def test_resnets_have_the_published_sizes(side: int, blocks: int | None, expected: int) -> None:
    with torch.device("meta"):
        assert count(resnet(side, blocks=blocks)) == expected


@pytest.mark.parametrize(
    ("channels", "layers", "norm", "expected"),
    [
        (6, 3, "batch", 2_768_705),
        (3, 3, "instance", 2_764_737),
        (6, 1, "batch", 139_585),
        (6, 2, "batch", 666_433),
        (6, 0, "batch", 9_024),
    ],
)
def test_patch_discriminators_have_the_published_sizes(
    channels: int, layers: int, norm: str, expected: int
) -> None:
    with torch.device("meta"):
        assert count(patch(256, channels, layers, norm)) == expected


@pytest.mark.parametrize(
    ("layers", "field", "sides"),
    [(0, 1, (28, 32, 256)), (1, 16, (12, 14, 126)), (2, 34, (5, 6, 62)), (3, 70, (1, 2, 30))],
)
def test_patches_are_as_large_and_as_many_as_published(
    layers: int, field: int, sides: tuple[int, int, int]
) -> None:
    """The receptive field is measured: the pixels whose gradient of one logit is not zero."""
    for side, expected in zip((28, 32, 256), sides, strict=True):
        assert patches(side, layers) == expected
        network = patch(side, 1, layers, "none", width=2)
        assert network(torch.zeros(2, 1, side, side)).shape == (2, 1, expected, expected)
    image = torch.rand(1, 1, 256, 256, requires_grad=True)
    logits = patch(256, 1, layers, "none", width=2)(image)
    middle = logits.shape[2] // 2
    logits[0, 0, middle, middle].backward()
    assert image.grad is not None
    rows = image.grad[0, 0].abs().sum(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == field


def test_images_without_a_patch_are_refused() -> None:
    with pytest.raises(GanpipeError, match=r"16 x 16 pixels are too small .* with 3 layers"):
        patch(16, 1, 3, "none", width=2)
    assert patch(16, 1, 2, "none", width=2)(torch.zeros(1, 1, 16, 16)).numel() == 4


@pytest.mark.parametrize(("side", "most"), [(8, 3), (16, 4), (17, 5), (28, 5), (33, 6), (129, 8)])
def test_a_unet_goes_no_deeper_than_the_side_can_be_halved(side: int, most: int) -> None:
    deepest, by_itself = unet(side, width=2, depth=most), unet(side, width=2)
    assert {name: w.shape for name, w in deepest.named_parameters()} == {
        name: w.shape for name, w in by_itself.named_parameters()
    }
    for depth in range(most + 1, 9):
        says = (
            f"generator.depth: {depth} needs images of more than {2 ** (depth - 1)} pixels a side, "
            f"and these have {side}; set it to {most} or null"
        )
        with pytest.raises(GanpipeError, match=says):
            unet(side, width=2, depth=depth)


def normed(x: Tensor, weight: Tensor | float = 1, bias: Tensor | float = 0) -> Tensor:
    mean = x.mean((2, 3), keepdim=True)
    deviation = (x.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    if isinstance(weight, Tensor) and isinstance(bias, Tensor):
        weight, bias = weight[:, None, None], bias[:, None, None]
    return (x - mean) / deviation * weight + bias


def test_a_unet_is_the_papers_recursion() -> None:
    """Written as the paper's figure is: each level wraps the next, and joins what went in."""
    torch.manual_seed(0)
    network = unet(32, width=2, dropout=0.0)
    weights = dict(network.named_parameters())

    def norm(x: Tensor, name: str) -> Tensor:
        return normed(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def level(x: Tensor, depth: int) -> Tensor:
        """What the level returns, joined to its input; the outermost one returns the image."""
        index = 4 - depth  # of its layer in the decoder
        down = F.conv2d(
            F.leaky_relu(x, 0.2) if depth else x,
            weights[f"encoder.{depth}.{1 if depth else 0}.weight"],
            stride=2,
            padding=1,
        )
        if depth == 4:
            inner = down
        else:
            inner = level(norm(down, f"encoder.{depth}.2") if depth else down, depth + 1)
        if depth == 0:
            last = weights["last.1.weight"], weights["last.1.bias"]
            return F.conv_transpose2d(inner.relu(), *last, stride=2, padding=1).tanh()
        up = F.conv_transpose2d(
            inner.relu(), weights[f"decoder.{index}.1.weight"], stride=2, padding=1
        )
        return torch.cat([x, norm(up, f"decoder.{index}.2")], 1)

    images = torch.rand(2, 3, 32, 32) * 2 - 1
    torch.testing.assert_close(network(images), level(images, 0))


def test_a_resnet_is_the_papers_list_of_layers() -> None:
    """c7s1-k, dk, dk, Rk..., uk, uk, c7s1-3 of the appendix."""
    torch.manual_seed(0)
    network = resnet(16, width=2, blocks=2)
    weights = iter(network.parameters())

    def conv(x: Tensor, pad: int = 0, **how: Any) -> Tensor:
        x = F.pad(x, [pad] * 4, mode="reflect") if pad else x
        return F.conv2d(x, next(weights), next(weights), **how)

    images = torch.rand(2, 3, 16, 16) * 2 - 1
    x = normed(conv(images, 3)).relu()
    for _ in range(2):
        x = normed(conv(x, stride=2, padding=1)).relu()
    for _ in range(2):
        x = x + normed(conv(normed(conv(x, 1)).relu(), 1))
    for _ in range(2):
        up = {"stride": 2, "padding": 1, "output_padding": 1}
        x = normed(F.conv_transpose2d(x, next(weights), next(weights), **up)).relu()
    torch.testing.assert_close(network(images), conv(x, 3).tanh())
    assert next(weights, None) is None


@pytest.mark.parametrize("make", [unet, resnet])
@pytest.mark.parametrize("shape", [(28, 28), (32, 32), (64, 64), (29, 45)])
def test_any_side_comes_back(make: Any, shape: tuple[int, int]) -> None:
    network = make(32, width=2).eval()
    images = torch.rand(3, 3, *shape) * 2 - 1
    found = network(images)
    assert found.shape == (3, 3, *shape)
    assert found.abs().max() <= 1
    alone = torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(found, alone)  # no image sees another


def test_grey_becomes_colour() -> None:
    config = UNetTranslator(arch="unet", width=2)
    network = build_translator(config, square(28, 1), square(28, 3))
    assert network(torch.zeros(1, 1, 28, 28)).shape == (1, 3, 28, 28)


@pytest.mark.parametrize("make", [unet, resnet])
@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_blank_image_has_finite_gradients(make: Any, value: float, dtype: torch.dtype) -> None:
    """Instance norm divides by a deviation of zero, but for its epsilon."""
    torch.manual_seed(0)
    network = make(28, width=2)
    image = torch.full((1, 3, 28, 28), value, requires_grad=True)
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        network(image).float().square().sum().backward()
    gradients = [image.grad, *(weight.grad for weight in network.parameters())]
    assert all(each is not None and each.isfinite().all() for each in gradients)


def test_training_and_evaluation_agree_but_for_dropout() -> None:
    torch.manual_seed(0)
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    for network in (unet(32, width=2, dropout=0.0), resnet(32, width=2)):
        torch.testing.assert_close(network.train()(images), network.eval()(images))
    dropped = unet(32, width=2, dropout=0.5)
    assert sum(isinstance(each, nn.Dropout) for each in dropped.modules()) == 1
    assert not torch.equal(dropped.train()(images), dropped.train()(images))
    assert torch.equal(dropped.eval()(images), dropped.eval()(images))


def test_dropout_follows_the_three_innermost_layers_of_the_decoder() -> None:
    with torch.device("meta"):
        layers: Any = unet(256).get_submodule("decoder")
    held = [any(isinstance(each, nn.Dropout) for each in layer) for layer in layers]
    assert held == [True] * 3 + [False] * 4


def test_initial_weights_are_those_of_the_papers() -> None:
    torch.manual_seed(0)
    network = unet(64, width=16)
    for name, weight in network.named_parameters():
        norm = name.endswith("2.weight")
        if name.endswith("bias"):
            assert not weight.any()
        elif weight.numel() > 2000 or norm:
            assert weight.mean().item() == pytest.approx(1.0 if norm else 0.0, abs=0.01)
            assert weight.std().item() == pytest.approx(0.02, rel=0.5 if norm else 0.1)


@pytest.mark.parametrize("pixels", [1, 3])
def test_reflection_is_pytorchs(pixels: int) -> None:
    images = torch.rand(2, 3, 6, 5, dtype=torch.float64, requires_grad=True)
    other = images.detach().clone().requires_grad_()
    weights = torch.rand(2, 3, 6 + 2 * pixels, 5 + 2 * pixels, dtype=torch.float64)
    (Reflect(pixels)(images) * weights).sum().backward()
    (F.pad(other, [pixels] * 4, mode="reflect") * weights).sum().backward()
    assert images.grad is not None
    assert other.grad is not None
    torch.testing.assert_close(images.grad, other.grad)


@pytest.mark.parametrize("shape", [(8, 8), (5, 7), (28, 30)])
def test_extended_images_are_cut_to_what_they_were(shape: tuple[int, int]) -> None:
    images = torch.rand(2, 1, *shape)
    larger = extend(images, 8)
    assert all(side % 8 == 0 for side in larger.shape[2:])
    missing = [-side % 8 for side in reversed(shape)]
    pads = [amount for each in missing for amount in (each // 2, each - each // 2)]
    assert torch.equal(larger, F.pad(images, pads, mode="replicate"))
    assert torch.equal(cut(larger, *shape), images)


def test_batch_norm_of_one_image_is_instance_norm() -> None:
    """What the authors' program computes, whose batches hold one image."""
    torch.manual_seed(0)
    instance, batch = (unet(32, width=2, norm=norm, dropout=0.0) for norm in ("instance", "batch"))
    batch.load_state_dict(instance.state_dict(), strict=False)
    image = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(batch.train()(image), instance(image))


def test_channels_double_up_to_eight_times_the_width() -> None:
    with torch.device("meta"):
        layers = [each for each in unet(256).modules() if isinstance(each, nn.Conv2d)]
    assert [layer.out_channels for layer in layers] == [64, 128, 256, 512, 512, 512, 512, 512]
    assert all(first.out_channels == then.in_channels for first, then in pairwise(layers))
