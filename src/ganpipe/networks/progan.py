"""Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation"
(ProGAN, arXiv:1710.10196), table 2, for any side that halving brings to 4..7.

Both networks always make or take images of the full size: while they are smaller, pixels are
repeated or averaged, as in the authors' program. Initial weights are those of the equalised
learning rate. Where the program merges resampling with a convolution, which moves the average of
2 x 2 pixels before the activation, this follows the paper's table.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.layers.equalised import EqualisedConv2d, EqualisedLinear
from ganpipe.networks.layers.growth import Growth, enlarged, shrunk
from ganpipe.networks.layers.mapping import unit_second_moment as normalised
from ganpipe.networks.layers.minibatch import MinibatchDeviation
from ganpipe.networks.layers.stages import Stage, narrowing
from ganpipe.networks.network import Network

SLOPE = 0.2  # of the leaky ReLU where its input is negative
GAIN = math.sqrt(2)  # of layers before it
GROUP = 4  # images of a minibatch deviation


class Generator(Network):
    """(N, latent_dim) float -> (N, *image_shape) float, near [-1, 1] but not bounded."""

    def __init__(
        self,
        *,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        channel_base: int,
        channel_max: int,
        growth: float,
    ) -> None:
        super().__init__(image_shape)
        stages = narrowing(image_shape[1], channel_base, channel_max)
        self.growth = Growth(len(stages), growth)
        self.levels = nn.ModuleList([Start(latent_dim, stages[0])])
        for before, stage in pairwise(stages):
            self.levels.append(
                nn.Sequential(
                    nn.Upsample(scale_factor=2, mode="nearest"),
                    NormedConv(before.width, stage.width),
                    NormedConv(stage.width, stage.width),
                )
            )
        self.to_image = nn.ModuleList(
            EqualisedConv2d(stage.width, image_shape[0], 1) for stage in stages
        )

    def forward(self, z: Tensor) -> Tensor:
        level, share = self.growth.moment()
        x = below = self.levels[0](z)
        for layers in self.levels[1 : level + 1]:
            x, below = layers(x), x
        images = self.to_image[level](x)
        if share < 1:
            old = self.to_image[level - 1](below)
            images = torch.lerp(enlarged(old, images.shape[2]), images, share)
        return enlarged(images, self.image_shape[1])

    def grow(self, progress: float) -> bool:
        return self.growth.advance(progress)


class Discriminator(Network):
    """(N, *image_shape) float -> (N,) logits."""

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        channel_base: int,
        channel_max: int,
        growth: float,
    ) -> None:
        super().__init__(image_shape)
        stages = narrowing(image_shape[1], channel_base, channel_max)
        self.sides = [stage.side for stage in stages]
        self.growth = Growth(len(stages), growth)
        self.levels = nn.ModuleList([End(stages[0])])
        for after, stage in pairwise(stages):
            self.levels.append(
                nn.Sequential(
                    *conv(stage.width, stage.width),
                    *conv(stage.width, after.width),
                    nn.AvgPool2d(2),
                )
            )
        self.from_image = nn.ModuleList(
            activated(EqualisedConv2d(image_shape[0], stage.width, 1, gain=GAIN))
            for stage in stages
        )
        self.feature_channels = stages[0].width
        self.last = EqualisedLinear(self.feature_channels, 1)

    def features(self, images: Tensor) -> Tensor:
        """(N, F) activations before the last layer."""
        level, share = self.growth.moment()
        x = self.from_image[level](shrunk(images, self.sides[level]))
        for number in range(level, 0, -1):
            x = self.levels[number](x)
            if number == level and share < 1:
                old = self.from_image[level - 1](shrunk(images, self.sides[level - 1]))
                x = torch.lerp(old, x, share)
        return self.levels[0](x)

    def head(self, features: Tensor) -> Tensor:
        """The (N,) float32 logits of features."""
        with torch.autocast(features.device.type, enabled=False):
            return self.last(features.to(self.last.weight.dtype)).squeeze(1)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))

    def grow(self, progress: float) -> bool:
        return self.growth.advance(progress)

    def fade(self, real: Tensor) -> Tensor:
        """Real images (N, C, H, W) with no more detail than generated ones have at the time."""
        level, share = self.growth.moment()
        faded = shrunk(real, self.sides[level])
        if share < 1:
            coarse = shrunk(real, self.sides[level - 1])
            faded = torch.lerp(enlarged(coarse, self.sides[level]), faded, share)
        return enlarged(faded, real.shape[2])


class Start(nn.Module):
    """The base of a generator: (N, latent_dim) -> (N, width, side, side).

    The first layer is a convolution of one pixel, z, with a kernel of the size of the base; its fan
    in is that of the kernel, and its bias one number a channel.
    """

    def __init__(self, latent_dim: int, stage: Stage) -> None:
        super().__init__()
        side, width = stage
        self.shape = (width, side, side)
        self.dense = EqualisedLinear(latent_dim, width * side**2, bias=False, gain=GAIN / side)
        self.bias = nn.Parameter(torch.zeros(width, 1, 1))
        self.conv = NormedConv(width, width)

    def forward(self, z: Tensor) -> Tensor:
        x = self.dense(normalised(z)).view(-1, *self.shape) + self.bias
        return self.conv(normalised(F.leaky_relu(x, SLOPE)))


class End(nn.Sequential):
    """The base of a discriminator: (N, width, side, side) -> (N, width)."""

    def __init__(self, stage: Stage) -> None:
        side, width = stage
        super().__init__(
            MinibatchDeviation(GROUP),
            *conv(width + 1, width),
            nn.Flatten(),
            *activated(EqualisedLinear(width * side**2, width, gain=GAIN)),
        )


class NormedConv(nn.Sequential):
    """A 3 x 3 convolution that keeps the side, its activation, and a norm of every pixel."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(*conv(inputs, outputs), PixelNorm())


class PixelNorm(nn.Module):
    """Divide the channels of each pixel by the root of their mean square: (N, C, H, W) -> the same
    shape; section 4.2."""

    def forward(self, x: Tensor) -> Tensor:
        return normalised(x)


def conv(inputs: int, outputs: int) -> nn.Sequential:
    """A 3 x 3 convolution that keeps the side, and its activation."""
    return activated(EqualisedConv2d(inputs, outputs, 3, padding=1, gain=GAIN))


def activated(layer: nn.Module) -> nn.Sequential:
    """``layer`` and the activation."""
    return nn.Sequential(layer, nn.LeakyReLU(SLOPE, inplace=True))
