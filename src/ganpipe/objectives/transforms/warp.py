"""Affine transforms of images, with little blur and with derivatives of any order.

Images are made twice as large by a wavelet's low-pass filter, sampled bilinearly, and brought back
by the same filter reversed: Karras et al. 2020 (arXiv:2006.06676), appendix B.2. Every step is
linear in the images and made of products and gathers, whose derivatives PyTorch knows; it has no
second derivative of ``grid_sample``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

# The low-pass filter of the symlet with 6 vanishing moments (Daubechies 1992). Its shifts by even
# numbers are orthonormal, so that enlarging and reducing give back the very image.
SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
PLACE = 5  # the tap that counts as the filter's centre, as in the authors' program


class Warp(nn.Module):
    """Affine transforms of square images of ``side`` pixels, at least 2.

    Beyond their borders images go on as in mirrors, without end; the authors' program mirrors them
    once and reads zeros behind that.
    """

    enlarge: Tensor  # (rows of the enlarged image, side)
    reduce: Tensor  # (side, rows that reducing reads)
    grid: Tensor  # (2, all places that reducing reads), from the centre, in half pixels

    def __init__(self, side: int) -> None:
        super().__init__()
        self.period = 4 * (side - 1)  # after which an endlessly mirrored, enlarged image repeats
        self.centre = side - 1.0  # row and column of the image's centre in the enlarged image
        reads = 2 * side - 2 + len(SYM6)
        line = torch.arange(reads) - PLACE - self.centre
        grid = torch.cartesian_prod(line, line).T.contiguous()
        constants = {"enlarge": _enlarge(side), "reduce": _reduce(side, reads), "grid": grid}
        for name, value in constants.items():
            self.register_buffer(name, value, persistent=False)

    def forward(self, images: Tensor, linear: Tensor, offset: Tensor) -> Tensor:
        """(N, C, side, side) images that show at each place x what was at ``linear`` x + ``offset``
        of the given ones.

        Places are (down, right) in pixels from the centre; ``linear`` is (N, 2, 2), ``offset``
        (N, 2), both of the images' dtype and without gradients.
        """
        grid = self.grid.expand(len(images), -1, -1)
        places = torch.baddbmm(2 * offset[..., None] + self.centre, linear, grid)
        places -= (places / self.period).floor_() * self.period
        enlarged = self.enlarge @ (images @ self.enlarge.T)
        sampled = bilinear(enlarged, places.clamp_(0, self.period))  # what rounding left outside
        square = sampled.unflatten(2, (self.reduce.shape[1], -1))
        return self.reduce @ (square @ self.reduce.T)


def rotations(angles: Tensor) -> Tensor:
    """(N, 2, 2) matrices that turn (down, right) by ``angles``, (N,) in radians; counterclockwise
    as images are seen."""
    cosine, sine = angles.cos(), angles.sin()
    return torch.stack([cosine, -sine, sine, cosine], 1).view(-1, 2, 2)


def bilinear(images: Tensor, places: Tensor) -> Tensor:
    """(N, C, K) values of (N, C, H, W) images at ``places`` (N, 2, K).

    Places are (row, column) from 0 up to, but without, H - 1 and W - 1.
    """
    width, pixels = images.shape[3], images.flatten(2)
    corner = places.floor()
    down, right = (places - corner)[:, :, None].unbind(1)
    row, column = corner.int().unbind(1)
    index = (row * width + column).long()[:, None].expand(-1, images.shape[1], -1)
    last = pixels.shape[2] - width - 1  # pixels that can be the corner above and left of a place

    def neighbour(distance: int) -> Tensor:
        return pixels.narrow(2, distance, last).gather(2, index)

    above = torch.lerp(neighbour(0), neighbour(1), right)
    below = torch.lerp(neighbour(width), neighbour(width + 1), right)
    return torch.lerp(above, below, down)


def _enlarge(side: int) -> Tensor:
    """(period + 2, side): enlarge a mirrored line of pixels twice, over one period and the two
    samples that follow it. Sample k sums x[i] h[k - 2i + PLACE], times the square root of 2."""
    matrix = torch.zeros(4 * side - 2, side)
    for sample in range(len(matrix)):
        for tap, weight in enumerate(SYM6):
            pixel, odd = divmod(sample + PLACE - tap, 2)
            if not odd:
                mirrored = pixel % (2 * side - 2)
                matrix[sample, min(mirrored, 2 * side - 2 - mirrored)] += math.sqrt(2) * weight
    return matrix


def _reduce(side: int, reads: int) -> Tensor:
    """(side, reads): the same filter, transposed, with weights that add up to 1."""
    matrix = torch.zeros(side, reads)
    for pixel in range(side):
        matrix[pixel, 2 * pixel : 2 * pixel + len(SYM6)] = torch.tensor(SYM6) / math.sqrt(2)
    return matrix
