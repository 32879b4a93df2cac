"""Residual blocks that double or halve the side of an image, and how many a network has of them.

The blocks of Gulrajani et al. 2017 (arXiv:1704.00028), Miyato et al. 2018 (arXiv:1802.05957) and
Brock et al. 2019 (arXiv:1809.11096), with the numbers of channels of the last two's programs: up to
32 pixels all blocks have the same; beyond that it doubles from the image inwards, to 16 times the
width at most.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.data.sizes import halvings

CONSTANT_UP_TO = 32  # pixels a side
MOST = 16  # times the width
GAIN = math.sqrt(2)  # of the initial weights of convolutions between ReLUs


def up_channels(image_size: int, width: int) -> tuple[int, list[int]]:
    """A generator's first side, and its channels before the first block and after each.

    32 pixels -> (4, [width] * 4); 64 -> (4, [16, 8, 4, 2, 1] * width), as Miyato & Koyama's program
    (BigGAN's has [16, 16, 8, 4, 2]); 128 -> (4, [16, 16, 8, 4, 2, 1] * width), as both.
    """
    base, count = halvings(image_size)
    if image_size <= CONSTANT_UP_TO:
        return base, [width] * (count + 1)
    return base, [width * min(2**level, MOST) for level in range(count, -1, -1)]


def down_channels(image_size: int, width: int) -> list[tuple[int, bool]]:
    """The channels after each block of a discriminator, and whether the block halves the side.

    Up to 32 pixels two blocks halve and two do not; beyond that the side is halved down to the
    generator's first, and one block follows: 128 -> [1, 2, 4, 8, 16, 16] * width, as both programs;
    64 -> [1, 2, 4, 8, 16] * width, as BigGAN's, where Miyato & Koyama's last block halves as well.
    """
    _, count = halvings(image_size)
    if image_size <= CONSTANT_UP_TO:
        return [(width, True)] * min(count, 2) + [(width, False)] * 2
    return [(width * min(2**level, MOST), level < count) for level in range(count + 1)]


class UpConv2d(nn.Conv2d):
    """A convolution of 3 x 3 after doubling the side by the nearest pixel, in one: (N, C, h, w) ->
    (N, C', 2h, 2w).

    Each output pixel sees 2 x 2 different pixels, by sums of the 3 x 3 weights; with those sums as
    a kernel of 4 x 4 a transposed convolution takes 4/9 of the multiplications.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        kernel = 4 * F.avg_pool2d(self.weight.flip(2, 3).transpose(0, 1), 2, 1, 1)
        return F.conv_transpose2d(x, kernel, self.bias, stride=2, padding=1)


class DownConv2d(nn.Conv2d):
    """A convolution of 3 x 3 before averaging 2 x 2 pixels, in one: (N, C, h, w) ->
    (N, C', h / 2, w / 2).

    The average of four shifted kernels is one of 4 x 4 with stride 2, which takes 4/9 of the
    multiplications.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, F.avg_pool2d(self.weight, 2, 1, 1), self.bias, stride=2, padding=1)


class UpBlock(nn.Module):
    """(N, in, h, w), and what the norms take besides -> (N, out, 2h, 2w): norm, ReLU, doubling,
    3 x 3, norm, ReLU, 3 x 3; the shortcut is doubling and 1 x 1, which commute."""

    def __init__(
        self, in_channels: int, out_channels: int, norm: Callable[[int], nn.Module]
    ) -> None:
        super().__init__()
        self.norm1, self.norm2 = norm(in_channels), norm(out_channels)
        self.conv1 = UpConv2d(in_channels, out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor, *condition: Tensor) -> Tensor:
        inner = self.conv1(self.norm1(x, *condition).relu_())
        inner = self.conv2(self.norm2(inner, *condition).relu_())
        return inner + F.interpolate(self.shortcut(x), scale_factor=2)


class DownBlock(nn.Module):
    """(N, in, h, w) -> (N, out, h, w), or (N, out, h / 2, w / 2) if ``halve``: ReLU, 3 x 3 to
    ``hidden`` channels, ReLU, 3 x 3, average of 2 x 2; the shortcut is the average and 1 x 1, which
    commute, so that the programs' different orders are one function. The ``first`` block of a
    network has no ReLU before its first convolution, which sees the image."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        hidden: int,
        halve: bool,
        first: bool = False,
    ) -> None:
        super().__init__()
        self.channels, self.halve, self.first = out_channels, halve, first
        self.conv1 = nn.Conv2d(in_channels, hidden, 3, padding=1)
        self.conv2 = (
            DownConv2d(hidden, out_channels)
            if halve
            else nn.Conv2d(hidden, out_channels, 3, padding=1)
        )
        learnt = halve or in_channels != out_channels
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1) if learnt else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        inner = x if self.first else F.relu(x)  # not in place: the shortcut needs x as it is
        inner = self.conv2(self.conv1(inner).relu_())
        return inner + self.shortcut(F.avg_pool2d(x, 2) if self.halve else x)


def down_blocks(
    image_shape: tuple[int, int, int], width: int, *, wide: bool
) -> tuple[list[DownBlock], list[int]]:
    """A discriminator's blocks, and the side in pixels after each.

    Inside a block there are as many channels as behind it if ``wide`` (BigGAN), otherwise as before
    it (SNGAN), but in the first block, before which there are those of the image.
    """
    blocks: list[DownBlock] = []
    sides: list[int] = []
    channels, side = image_shape[0], image_shape[1]
    for wanted, halve in down_channels(side, width):
        first = not blocks
        hidden = wanted if wide or first else channels
        blocks.append(DownBlock(channels, wanted, hidden=hidden, halve=halve, first=first))
        channels, side = wanted, side // 2 if halve else side
        sides.append(side)
    return blocks, sides


def initialise_residual(network: nn.Module) -> None:
    """Draw initial weights from the global stream as the programs of Gulrajani et al. and Miyato et
    al. do: Glorot's uniform rule, with a gain of sqrt(2) in the blocks' 3 x 3 convolutions and 1
    elsewhere; zero biases."""
    blocks = [module for module in network.modules() if isinstance(module, UpBlock | DownBlock)]
    scaled = {conv for block in blocks for conv in (block.conv1, block.conv2)}
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(module.weight, GAIN if module in scaled else 1.0)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
