"""Self-attention pixel by pixel."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.networks.layers.attention import SelfAttention, attended_block


@pytest.mark.parametrize("side", [4, 7])
def test_attention_pixel_by_pixel(side: int) -> None:
    torch.manual_seed(0)
    layer = SelfAttention(16)
    x = torch.randn(2, 16, side, side)
    assert layer(x).equal(x)
    torch.nn.init.constant_(layer.gamma, 0.7)
    output = layer(x)
    matrices = [
        each.weight.detach()[:, :, 0, 0]
        for each in (layer.query, layer.key, layer.value, layer.output)
    ]
    assert [len(matrix) for matrix in matrices] == [2, 2, 8, 16]
    query, key, value, out = matrices

    def largest(image: Tensor, matrix: Tensor) -> list[Tensor]:
        """The channel-wise maxima of ``matrix`` times the pixels, over each 2 x 2 pixels."""
        corners = range(0, side - 1, 2)
        return [
            torch.stack(
                [matrix @ image[:, y + dy, x + dx] for dy in range(2) for dx in range(2)]
            ).amax(0)
            for y in corners
            for x in corners
        ]

    for image, made in zip(x, output, strict=True):
        keys, values = largest(image, key), largest(image, value)
        for y in range(side):
            for column in range(side):
                q = query @ image[:, y, column]
                scores = [math.exp((q @ k).item()) for k in keys]
                seen = sum(s * v for s, v in zip(scores, values, strict=True)) / sum(scores)
                expected = image[:, y, column] + 0.7 * (out @ seen)
                assert torch.allclose(made[:, y, column], expected, atol=1e-5)


def test_attention_needs_a_map_of_its_side() -> None:
    assert attended_block("generator", 0, [8, 16]) is None
    assert attended_block("generator", 16, [8, 16, 16]) == 1
    with pytest.raises(GanpipeError, match=r"generator.attention: .* 12 pixels .* 8, 16, or"):
        attended_block("generator", 12, [8, 16, 16])
    with pytest.raises(GanpipeError, match=r"choose one of 8, 16, or 0 for no attention$"):
        attended_block("generator", 12, [8, 16, 16])


def test_attention_keeps_bf16() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert SelfAttention(8)(torch.randn(1, 8, 4, 4).bfloat16()).dtype == torch.bfloat16
