"""Sides and channels of the stages of networks."""

from __future__ import annotations

import pytest

from ganpipe.networks.layers.stages import halving, narrowing, sides


@pytest.mark.parametrize(
    ("image_size", "expected"),
    [(28, [7, 14, 28]), (32, [4, 8, 16, 32]), (48, [6, 12, 24, 48]), (64, [4, 8, 16, 32, 64])],
)
def test_sides_double_from_the_base(image_size: int, expected: list[int]) -> None:
    assert sides(image_size) == expected


def test_channels_of_karras_et_al() -> None:
    """256 pixels with the sizes of ProGAN, whose program gives half the base: 8,192."""
    expected = [512, 512, 512, 512, 256, 128, 64]
    assert [width for _, width in narrowing(256, 16384, 512)] == expected
    assert narrowing(28, 40, 9) == [(7, 5), (14, 2), (28, 1)]
    assert narrowing(32, 8, 9) == [(4, 2), (8, 1), (16, 1), (32, 1)]


def test_widths_halve_above_the_widest_side() -> None:
    """256 pixels with the widths of R3GAN for faces."""
    expected = [768, 768, 768, 768, 384, 192, 96]
    assert [width for _, width in halving(256, 768, 32)] == expected
    assert halving(32, 64, 8) == [(4, 64), (8, 64), (16, 32), (32, 16)]
    assert halving(28, 3, 1) == [(7, 3), (14, 1), (28, 1)]
