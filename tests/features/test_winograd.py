"""Winograd's convolutions against plain ones in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models.inception import BasicConv2d

from ganpipe.features import winograd
from ganpipe.features.inception import Folded


def of(conv: nn.Conv2d) -> winograd.Winograd:
    return winograd.Winograd(conv.weight, conv.bias, conv.padding)  # type: ignore[arg-type]


def channels_last(*shape: int) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=rng).contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("taps", [3, 5])
@pytest.mark.parametrize("padding", [(0, 0), (1, 1), (0, 1), (2, 1)])
@pytest.mark.parametrize(("height", "width"), [(6, 6), (16, 19), (35, 35), (17, 73), (5, 8)])
def test_the_convolution_is_the_plain_one(
    height: int, width: int, padding: tuple[int, int], taps: int
) -> None:
    conv = nn.Conv2d(5, 7, taps, padding=padding).requires_grad_(False)
    x = channels_last(2, 5, height, width)
    expected = conv.double()(x.double()).relu()
    found = of(conv.float())(x)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert found.shape == expected.shape
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=2e-5 * expected.max().item())


@pytest.mark.parametrize("taps", [3, 5])
def test_the_matrices_are_exact(taps: int) -> None:
    on_pixels, on_kernel, on_products = winograd.matrices(taps)
    rng = np.random.default_rng(0)
    pixels, kernel = rng.normal(size=8), rng.normal(size=taps)
    found = on_products @ ((on_pixels @ pixels) * (on_kernel @ kernel))
    np.testing.assert_allclose(found, np.correlate(pixels, kernel), rtol=0, atol=1e-13)


def test_an_image_does_not_depend_on_the_others() -> None:
    x = channels_last(3, 64, 20, 20)
    layer = of(nn.Conv2d(64, 96, 3, padding=1).requires_grad_(False))
    whole = layer(x)
    for index in range(3):
        assert torch.equal(layer(x[index : index + 1])[0], whole[index])


@pytest.mark.parametrize(
    ("arguments", "size", "expected"),
    [
        ({}, 35, True),
        ({"stride": 2}, 35, False),
        ({"kernel_size": (1, 3)}, 35, False),
        ({"kernel_size": 5}, 35, True),
        ({"kernel_size": 7}, 35, False),
        ({"dilation": 2}, 35, False),
        ({"groups": 2}, 35, False),
        ({"in_channels": 32}, 35, False),
        ({"out_channels": 48}, 35, False),
        ({}, 8, False),
    ],
    ids=str,
)
def test_only_what_it_can_do_and_does_faster_is_done_so(
    arguments: dict[str, int], size: int, expected: bool
) -> None:
    settings = {"in_channels": 64, "out_channels": 96, "kernel_size": 3, **arguments}
    conv = nn.Conv2d(**settings)  # type: ignore[arg-type]
    assert winograd.pays(conv, size, size) == expected


def test_a_layer_takes_it_in_fp32_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = winograd.Winograd.__call__
    monkeypatch.setattr(winograd.Winograd, "__call__", lambda *a: calls.append(1) or original(*a))
    layer = BasicConv2d(64, 96, kernel_size=3, padding=1).eval()
    folded = Folded(layer)
    x = channels_last(2, 64, 20, 20)
    with torch.inference_mode():
        for _ in range(2):
            torch.testing.assert_close(folded(x), layer(x), rtol=1e-4, atol=1e-4)
        assert len(calls) == 2
        with torch.autocast("cpu", torch.bfloat16):
            assert folded(x).dtype == torch.bfloat16
    assert len(calls) == 2
