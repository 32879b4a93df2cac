"""Winograd's convolutions against plain ones in float64."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.inception import BasicConv2d

from ganpipe.metrics import winograd
from ganpipe.metrics.inception import Folded


@pytest.mark.parametrize("padding", [(0, 0), (1, 1), (0, 1), (2, 1)])
@pytest.mark.parametrize(("height", "width"), [(6, 6), (16, 19), (35, 35), (17, 73), (3, 4)])
def test_the_convolution_is_the_plain_one(
    height: int, width: int, padding: tuple[int, int]
) -> None:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(2, 5, height, width, generator=rng)
    weight = torch.randn(7, 5, 3, 3, generator=rng)
    bias = torch.randn(7, generator=rng)
    expected = F.conv2d(x.double(), weight.double(), bias.double(), padding=padding).relu()
    x = x.contiguous(memory_format=torch.channels_last)
    found = winograd.convolve(x, winograd.transform(weight), bias, padding)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert found.shape == expected.shape
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=2e-5 * expected.max().item())


def test_an_image_does_not_depend_on_the_others() -> None:
    x = torch.randn(3, 64, 20, 20).contiguous(memory_format=torch.channels_last)
    weight, bias = winograd.transform(torch.randn(96, 64, 3, 3)), torch.zeros(96)
    whole = winograd.convolve(x, weight, bias, (1, 1))
    for index in range(3):
        alone = winograd.convolve(x[index : index + 1], weight, bias, (1, 1))
        assert torch.equal(alone[0], whole[index])


@pytest.mark.parametrize(
    ("arguments", "size", "expected"),
    [
        ({}, 35, True),
        ({"stride": 2}, 35, False),
        ({"kernel_size": (1, 3)}, 35, False),
        ({"kernel_size": 5}, 35, False),
        ({"dilation": 2}, 35, False),
        ({"groups": 2}, 35, False),
        ({"in_channels": 32}, 35, False),
        ({"out_channels": 64}, 35, False),
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
    original = winograd.convolve
    monkeypatch.setattr(winograd, "convolve", lambda *a: calls.append(1) or original(*a))
    layer = BasicConv2d(64, 96, kernel_size=3, padding=1).eval()
    folded = Folded(layer)
    x = torch.randn(2, 64, 20, 20).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        for _ in range(2):
            torch.testing.assert_close(folded(x), layer(x), rtol=1e-4, atol=1e-4)
        assert len(calls) == 2
        with torch.autocast("cpu", torch.bfloat16):
            assert folded(x).dtype == torch.bfloat16
    assert len(calls) == 2
