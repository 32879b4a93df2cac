"""The networks of Xiao et al. 2022, "Tackling the Generative Learning Trilemma with Denoising
Diffusion GANs" (DDGAN, arXiv:2112.07804).

The generator is the U-Net NCSN++ of Song et al. 2021 (arXiv:2011.13456) with a latent vector; the
discriminator sees two neighbours in a diffusion. Both are told the step. What the paper does not
give follows the authors' program.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.networks.layers.adaptive_norm import GroupNorm
from ganpipe.networks.layers.attention import attended_block
from ganpipe.networks.layers.denoising import (
    PairBlock,
    ResidualBlock,
    TimeEmbedding,
    rescaled_sum,
)
from ganpipe.networks.layers.mapping import unit_second_moment
from ganpipe.networks.layers.minibatch import MinibatchDeviation
from ganpipe.networks.layers.resample import DownsamplingConv
from ganpipe.networks.layers.stages import sides
from ganpipe.networks.layers.variance_scaling import NEARLY_0, drawn
from ganpipe.networks.network import Network

SLOPE = 0.2  # of leaky ReLU in the discriminator
GROUP = 4  # images whose deviation the discriminator sees together
WIDEST = 4  # times the width of the discriminator's first layer


class Generator(Network):
    """Noisy images (N, C, H, W), steps int64 (N,) and noise (N, latent_dim) -> clean images
    (N, C, H, W) float32 in (-1, 1).

    Level i works at H / 2^i pixels with ``multipliers[i]`` times ``width`` channels, in ``blocks``
    residual blocks on the way down and one more on the way up, where each is joined by one on the
    way down. A second way down, of convolutions alone, adds the image to each level. Attention
    follows the blocks at ``attention`` pixels, and stands at the bottom. The style is z after
    ``mapping_layers`` fully connected layers.

    Raises GanpipeError where the images cannot be halved so often, or no level has ``attention``
    pixels.
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        width: int,
        multipliers: list[int],
        blocks: int,
        attention: int,
        style_dim: int,
        mapping_layers: int,
    ) -> None:
        super().__init__(image_shape)
        channels, _, side = image_shape
        levels = len(multipliers)
        if side % 2 ** (levels - 1):
            raise GanpipeError(
                f"generator.multipliers: images of {side} pixels cannot be halved {levels - 1} "
                "times; name fewer multipliers, or change image_size of the dataset"
            )
        level_sides = [side >> level for level in range(levels)]
        attended = attended_block(
            "generator", attention, level_sides, at_0="attention at the bottom alone"
        )
        self.mapping = mapping(latent_dim, style_dim, mapping_layers)
        self.time = TimeEmbedding(width, 4 * width, "average", nn.SiLU())

        def block(before: int, after: int, level: int, **fields: Any) -> ResidualBlock:
            size = level_sides[level]
            return ResidualBlock(
                before, after, size, time_dim=4 * width, style_dim=style_dim, **fields
            )

        self.enter = drawn(nn.Conv2d(channels, width, 3, padding=1), "average")
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.pyramid = nn.ModuleList()
        before, in_image = width, channels
        passed = [width]  # channels of what the way up is given
        for level, multiplier in enumerate(multipliers):
            wide = multiplier * width
            for _ in range(blocks):
                self.down.append(block(before, wide, level, attends=level == attended))
                before = wide
                passed.append(wide)
            if level < levels - 1:
                self.down.append(block(wide, wide, level, resampling="down"))
                self.pyramid.append(PyramidConv(in_image, wide))
                in_image = wide
                passed.append(wide)
        bottom = levels - 1
        self.middle = nn.ModuleList(
            block(before, before, bottom, attends=attends) for attends in (True, False)
        )
        for level in reversed(range(levels)):
            wide = multipliers[level] * width
            for index in range(blocks + 1):
                attends = level == attended and index == blocks
                self.up.append(block(before + passed.pop(), wide, level, attends=attends))
                before = wide
            if level:
                self.up.append(block(wide, wide, level, resampling="up"))
        self.norm = GroupNorm(before)
        self.leave = drawn(nn.Conv2d(before, channels, 3, padding=1), "average", NEARLY_0)

    def forward(self, x: Tensor, step: Tensor, z: Tensor) -> Tensor:
        time = self.time(step)
        with torch.autocast(z.device.type, enabled=False):
            style = self.mapping(unit_second_moment(z))
        image, h = x, self.enter(x)
        pyramid = iter(self.pyramid)
        passed = [h]
        for block in self.down:
            h = block(h, time, style)
            if block.resampling:
                image = h = rescaled_sum(next(pyramid)(image), h)
            passed.append(h)
        for block in self.middle:
            h = block(h, time, style)
        for block in self.up:
            if not block.resampling:
                h = torch.cat([h, passed.pop()], 1)
            h = block(h, time, style)
        return self.leave(F.silu(self.norm(h))).float().tanh()


class PyramidConv(nn.Conv2d):
    """(N, in, h, w) -> (N, out, h / 2, w / 2): the low-pass filter, then 3 x 3 of stride 2."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3)
        drawn(self, "average")
        self.downsample = DownsamplingConv()

    def forward(self, x: Tensor) -> Tensor:
        return self.downsample(x, self.weight, self.bias)


def mapping(latent_dim: int, style_dim: int, depth: int) -> nn.Sequential:
    """``depth`` fully connected layers, each with SiLU: (N, latent_dim) -> (N, style_dim)."""
    layers: list[nn.Module] = []
    for before in (latent_dim, *[style_dim] * (depth - 1)):
        layers += [drawn(nn.Linear(before, style_dim), "out"), nn.SiLU()]
    return nn.Sequential(*layers)


class Discriminator(Network):
    """Pairs (N, 2C, H, W) of an image and its noisier neighbour, and the step between them, int64
    (N,) -> (N,) float32 logits.

    A block at the side of the images, then one for each halving to the base, of twice as many
    channels up to 4 ``width``. The deviation of four images is appended to their features. The
    logit of a pair depends on its group, so real and generated pairs want passes of their own.
    """

    takes_step: ClassVar[bool] = True

    def __init__(self, *, image_shape: tuple[int, int, int], width: int) -> None:
        channels, height, side = image_shape
        super().__init__((2 * channels, height, side))
        time_dim = 2 * width
        self.time = TimeEmbedding(time_dim, time_dim, "out", nn.LeakyReLU(SLOPE))
        self.enter = drawn(nn.Conv2d(2 * channels, width, 1), "out")
        blocks = [PairBlock(width, width, time_dim=time_dim, slope=SLOPE)]
        before = width
        for size in sides(side)[:0:-1]:
            after = min(2 * before, WIDEST * width)
            blocks.append(PairBlock(before, after, time_dim=time_dim, slope=SLOPE, halved=size))
            before = after
        self.blocks = nn.ModuleList(blocks)
        self.deviation = MinibatchDeviation(GROUP)
        self.last = drawn(nn.Conv2d(before + 1, before, 3, padding=1), "out", NEARLY_0)
        self.logit = drawn(nn.Linear(before, 1), "out")

    def forward(self, pair: Tensor, step: Tensor) -> Tensor:
        time, x = self.time(step), self.enter(pair)
        for block in self.blocks:
            x = block(x, time)
        x = F.leaky_relu(self.last(self.deviation(x)), SLOPE)
        with torch.autocast(x.device.type, enabled=False):
            return self.logit(x.to(self.logit.weight.dtype).sum((2, 3))).squeeze(1)
