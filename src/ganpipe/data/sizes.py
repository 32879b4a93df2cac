"""Image sizes that doubling a small base reaches."""

from __future__ import annotations


def halvings(image_size: int) -> tuple[int, int]:
    """The base, the smallest side of at least 4 pixels that halving ``image_size`` leads to, and
    how many halvings that takes: 28 -> (7, 2), 32 -> (4, 3)."""
    count = 0
    while image_size % 2 == 0 and image_size // 2 >= 4:
        image_size //= 2
        count += 1
    return image_size, count
