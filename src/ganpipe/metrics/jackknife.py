"""Standard deviation of a metric under another draw of the generated images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BLOCKS = 10


def block_bounds(num: int, blocks: int = BLOCKS) -> list[int]:
    """Starts of nearly equal contiguous blocks of ``num`` images, and their end; each block has
    one image at least, so there are fewer of them where images are few."""
    blocks = min(blocks, num)
    return [num * index // blocks for index in range(blocks + 1)]


def jackknife(figure: Callable[[np.ndarray], float], blocks: int) -> float | None:
    """The standard deviation of ``figure`` by leaving out one block at a time (Tukey 1958).

    ``figure`` takes the indices of the blocks that are left in. A bootstrap would repeat images,
    which biases figures that count pairs; this one takes nearly as many images as the figure
    itself. None where there are fewer than three blocks.
    """
    if blocks < 3:
        return None
    everyone = np.arange(blocks)
    values = np.array([figure(np.delete(everyone, left_out)) for left_out in everyone])
    return float(np.sqrt((blocks - 1) * values.var()))
