"""3 x 3 convolutions with a quarter of the multiplications (Winograd 1980; Lavin and Gray 2016,
arXiv:1509.09308, F(4 x 4, 3 x 3)).

A processor that is busy multiplying in a plain convolution gains by it where there are many
channels: what the transforms cost grows with the pixels, what they save with pixels times channels.
The result is exact in exact arithmetic; in float32 it is off by some 5e-6 of the largest value,
where the plain convolution is by 1e-6.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TILE = 4  # pixels a side that are computed together, from TILE + 2 pixels a side
AT_ONCE = 72  # tiles
# The paper's matrices for the points 0, 1, -1, 2, -2 and infinity, section 4.3.
INPUT = ((4, 0, -5, 0, 1, 0), (0, -4, -4, 1, 1, 0), (0, 4, -4, -1, 1, 0),
         (0, -2, -1, 2, 1, 0), (0, 2, -1, -2, 1, 0), (0, 4, 0, -5, 0, 1))  # fmt: skip
OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
KERNEL = ((1 / 4, 0, 0), (-1 / 6, -1 / 6, -1 / 6), (-1 / 6, 1 / 6, -1 / 6),
          (1 / 24, 1 / 12, 1 / 6), (1 / 24, -1 / 12, 1 / 6), (0, 0, 1))  # fmt: skip


def both_ways(matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    """What transforms the columns and the rows of a flattened square at once."""
    one_way = torch.tensor(matrix, dtype=torch.float64)
    return torch.kron(one_way, one_way)


ON_INPUT, ON_OUTPUT = both_ways(INPUT).float(), both_ways(OUTPUT).float()


def pays(conv: nn.Conv2d, height: int, width: int) -> bool:
    """Whether :func:`convolve` can do ``conv`` on such images, and is faster at it."""
    plain = conv.kernel_size == (3, 3) and {*conv.stride, *conv.dilation, conv.groups} == {1}
    return plain and conv.in_channels >= 64 and conv.out_channels >= 96 and min(height, width) >= 16


def transform(weight: Tensor) -> Tensor:
    """(O, C, 3, 3) -> (36, C, O), as :func:`convolve` takes the weights."""
    flat = weight.double().flatten(2).permute(2, 1, 0).flatten(1)  # (9, C * O)
    return (both_ways(KERNEL) @ flat).float().view(36, weight.shape[1], weight.shape[0])


def convolve(x: Tensor, transformed: Tensor, bias: Tensor, padding: tuple[int, int]) -> Tensor:
    """ReLU of the convolution of (N, C, H, W) float32, channels_last, with stride 1; (O,) bias.

    Image after image, so that the bits do not depend on their number, and a few rows of tiles at a
    time, so that what one product leaves for the next is still in the core's cache.
    """
    num, _, height, width = x.shape
    rows, columns = height + 2 * padding[0] - 2, width + 2 * padding[1] - 2
    down, across = -(-rows // TILE), -(-columns // TILE)
    below = TILE * down + 2 - height - padding[0]
    right = TILE * across + 2 - width - padding[1]
    y = x.new_empty(num, rows, columns, len(bias))
    strip = TILE * max(1, AT_ONCE // across)  # rows of the result
    for image, result in zip(x.permute(0, 2, 3, 1), y, strict=True):
        padded = F.pad(image, (0, 0, padding[1], right, padding[0], below))
        for top in range(0, rows, strip):
            part = result[top : top + strip]
            whole = _strip(padded[top : top + strip + 2], transformed)
            torch.add(whole[: len(part), :columns], bias, out=part)
    return y.relu_().permute(0, 3, 1, 2)


def _strip(padded: Tensor, transformed: Tensor) -> Tensor:
    """(4 k + 2, 4 l + 2, C) -> (4 k, 4 l, O)."""
    height, width, channels = padded.shape
    down, across, side = height // TILE, width // TILE, TILE + 2
    line, pixel, _ = padded.stride()
    size = side, side, down, across, channels
    tiles = padded.as_strided(size, (line, pixel, TILE * line, TILE * pixel, 1))
    seen = ON_INPUT @ tiles.reshape(side * side, -1)
    product = seen.view(side * side, -1, channels) @ transformed
    squares = (ON_OUTPUT @ product.flatten(1)).view(TILE, TILE, down, across, -1)
    return squares.permute(2, 0, 3, 1, 4).reshape(TILE * down, TILE * across, -1)
