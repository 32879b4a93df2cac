"""Sides and channels of networks whose stages double or halve the side of their feature maps."""

from __future__ import annotations

from typing import NamedTuple

from ganpipe.data.sizes import halvings


class Stage(NamedTuple):
    """The layers that work at one size."""

    side: int  # pixels of a feature map
    width: int  # its channels


def sides(image_size: int) -> list[int]:
    """The sides of feature maps in pixels, from the base of a network to its images: 32 -> 4, 8,
    16, 32; 28 -> 7, 14, 28."""
    base, count = halvings(image_size)
    return [base << level for level in range(count + 1)]


def narrowing(image_size: int, channel_base: int, channel_max: int) -> list[Stage]:
    """The stages of a network whose maps of ``side`` pixels have ``channel_base`` / ``side``
    channels, but at most ``channel_max`` and at least 1; as in programs of Karras et al., which
    give twice or once our ``channel_base``."""
    return [
        Stage(side, max(1, min(channel_base // side, channel_max))) for side in sides(image_size)
    ]


def halving(image_size: int, width: int, widest_side: int) -> list[Stage]:
    """The stages of a network whose maps of up to ``widest_side`` pixels have ``width`` channels,
    which halve with every doubling above, to no less than 1."""
    found: list[Stage] = []
    for side in sides(image_size):
        if found and side > widest_side:
            width //= 2
        found.append(Stage(side, max(1, width)))
    return found
