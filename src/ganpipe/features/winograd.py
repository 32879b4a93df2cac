"""Convolutions with a fraction of the multiplications (Winograd 1980; Lavin and Gray 2016,
arXiv:1509.09308): a fifth of them for 3 x 3, a sixth for 5 x 5.

A processor that is busy multiplying in a plain convolution gains by it where there are many
channels: what the transforms cost grows with the pixels, what they save with pixels times channels.
The result is exact in exact arithmetic; in float32 it is off by some 1e-5 of the largest value,
where the plain convolution is by 1e-6.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# The finite points of Toom and Cook's algorithm: small and near 1, so that rounding does little
# harm. The last point is infinity.
POINTS = np.array([0, 1, -1, 2, -2, 1 / 2, -1 / 2])
SIDE = len(POINTS) + 1  # pixels of a tile
AT_ONCE = 72  # tiles at most, unless one row has more


def pays(conv: nn.Conv2d, height: int, width: int) -> bool:
    """Whether :class:`Winograd` can do ``conv`` on such images, and is faster at it."""
    known = conv.kernel_size in ((3, 3), (5, 5))
    plain = {*conv.stride, *conv.dilation, conv.groups} == {1}
    wide = conv.in_channels >= 48 and conv.out_channels >= 64
    return known and plain and wide and min(height, width) >= 16


def matrices(taps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """B (8, 8), G (8, taps) and A (9 - taps, 8), float64, for a kernel of ``taps`` weights.

    Of eight ``pixels`` in a row ``A @ ((B @ pixels) * (G @ kernel))`` are the results. It is the
    transpose of multiplying two polynomials by their values at the points (the paper's section 4;
    Toom 1963, Cook 1966).
    """
    others = [np.delete(POINTS, index) for index in range(len(POINTS))]
    scales = [np.prod(point - rest) for point, rest in zip(POINTS, others, strict=True)]
    on_pixels = [*(np.append(np.poly(rest)[::-1], 0) for rest in others), np.poly(POINTS)[::-1]]
    on_kernel = np.vander(POINTS, taps, increasing=True) / np.reshape(scales, (-1, 1))
    on_products = np.vander(POINTS, SIDE + 1 - taps, increasing=True)
    return (
        np.stack(on_pixels),
        np.vstack([on_kernel, np.eye(taps)[-1]]),
        np.vstack([on_products, np.eye(SIDE + 1 - taps)[-1]]).T,
    )


class Winograd:
    """ReLU of a convolution, (N, C, H, W) -> (N, O, H', W'), float32 and channels_last.

    Image after image, so that the bits do not depend on their number, and a few rows of tiles at a
    time, so that what one product leaves for the next is still near the core.
    """

    def __init__(self, weight: Tensor, bias: Tensor, padding: tuple[int, int]) -> None:
        self.bias, self.padding, self.taps = bias, padding, weight.shape[-1]
        on_pixels, on_kernel, on_products = matrices(self.taps)
        self.on_pixels = torch.from_numpy(on_pixels).float()
        self.on_products = torch.from_numpy(on_products).float()
        self.step = len(on_products)  # results of a tile in a row; tiles overlap
        both_ways = torch.from_numpy(np.kron(on_kernel, on_kernel))
        kernel = weight.double().flatten(2).permute(2, 1, 0)  # (taps ** 2, C, O)
        self.weight = (both_ways @ kernel.flatten(1)).float().view(-1, *kernel.shape[1:])

    def __call__(self, x: Tensor) -> Tensor:
        num, _, height, width = x.shape
        rows, down, below = self._tiles(height, self.padding[0])
        columns, across, right = self._tiles(width, self.padding[1])
        y = x.new_empty(num, rows, columns, len(self.bias))
        strips = -(-down // max(1, AT_ONCE // across))
        strip = self.step * -(-down // strips)  # rows of results
        for image, result in zip(x.permute(0, 2, 3, 1), y, strict=True):
            padded = F.pad(image, (0, 0, self.padding[1], right, self.padding[0], below))
            for top in range(0, rows, strip):
                part = result[top : top + strip]
                whole = self._strip(padded[top : top + strip + self.taps - 1])
                torch.add(whole[: len(part), :columns], self.bias, out=part).relu_()
        return y.permute(0, 3, 1, 2)

    def _tiles(self, side: int, padding: int) -> tuple[int, int, int]:
        """Results along ``side`` pixels, tiles that give them, and zeros that the last one needs
        at its end."""
        results = side + 2 * padding - self.taps + 1
        tiles = -(-results // self.step)
        return results, tiles, tiles * self.step + self.taps - 1 - side - padding

    def _strip(self, padded: Tensor) -> Tensor:
        """The results of whole tiles of (h, w, C) pixels, without the bias: (h', w', O)."""
        tiles = padded.unfold(0, SIDE, self.step).unfold(1, SIDE, self.step)
        tiles = tiles.permute(3, 4, 0, 1, 2)  # (8, 8, down, across, C)
        seen = _both_ways(self.on_pixels, tiles)
        products = seen.reshape(SIDE**2, -1, seen.shape[-1]) @ self.weight
        squares = _both_ways(self.on_products, products.view(*seen.shape[:-1], -1))
        return squares.permute(2, 0, 3, 1, 4).flatten(2, 3).flatten(0, 1)


def _both_ways(matrix: Tensor, x: Tensor) -> Tensor:
    """An (m, n) matrix on the columns and the rows of (n, n, ...): (m, m, ...)."""
    m, n = matrix.shape
    columns = (matrix @ x.reshape(n, -1)).view(m, n, -1)
    return (matrix @ columns).view(m, m, *x.shape[2:])
