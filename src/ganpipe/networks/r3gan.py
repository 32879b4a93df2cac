"""Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern Baseline GAN" (R3GAN,
arXiv:2501.05441), section 3, for any side that halving brings to 4..7.

There is no norm, and nothing looks at the whole batch: all stability is left to the loss. What the
paper does not give follows the authors' program: initial weights, both ends of the networks, and
how they take the class. As there, the stage at the base is computed in fp32.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.layers.resample import Downsample, Upsample
from ganpipe.networks.layers.stages import Stage, halving
from ganpipe.networks.network import Network

SLOPE = 0.2  # of the leaky ReLU where its input is negative

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


class Block(nn.Module):
    """An inverted bottleneck around a grouped convolution: (N, width, H, W) -> the same shape.

    It starts as the identity, since the weights of its last layer start at 0.
    """

    def __init__(self, width: int, *, inner: int, groups: int, gain: float) -> None:
        super().__init__()
        self.widen = drawn(nn.Conv2d(width, inner, 1), gain)
        self.mix = drawn(nn.Conv2d(inner, inner, 3, padding=1, groups=groups), gain)
        self.narrow = drawn(nn.Conv2d(inner, width, 1, bias=False), 0.0)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.widen(x), SLOPE, inplace=True)
        y = F.leaky_relu(self.mix(y), SLOPE, inplace=True)
        return x + self.narrow(y)


def drawn(layer: Layer, gain: float = 1.0) -> Layer:
    """``layer`` with weights of N(0, gain² / fan in), the fan in of one group, and biases of 0."""
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(math.prod(layer.weight.shape[1:])))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def class_vectors(num_classes: int, dim: int, gain: float = 1.0) -> nn.Embedding:
    """A learned vector of each class, drawn as the weights of a linear layer of one-hot vectors."""
    table = nn.Embedding(num_classes, dim)
    nn.init.normal_(table.weight, 0.0, gain / math.sqrt(num_classes))
    return table


def residual_stages(
    image_size: int,
    *,
    width: int,
    widest_side: int,
    blocks: int,
    group_width: int,
    expansion: int,
) -> Iterator[tuple[Stage, nn.Sequential]]:
    """The stages of a network and the blocks of each, from the base to the images.

    ``group_width`` is the number of channels of a group, or its greatest common divisor with those
    of a block where they differ. The first two layers of a block have the gain of the leaky ReLU
    times L^(-1/4) in a network of L blocks: Zhang et al. 2019 (Fixup, arXiv:1901.09321), section 3,
    for blocks of three layers.
    """
    plan = halving(image_size, width, widest_side)
    gain = math.sqrt(2 / (1 + SLOPE**2)) * (blocks * len(plan)) ** -0.25
    for stage in plan:
        inner = expansion * stage.width
        groups = inner // math.gcd(inner, group_width)
        same = [Block(stage.width, inner=inner, groups=groups, gain=gain) for _ in range(blocks)]
        yield stage, nn.Sequential(*same)


def pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    """A linear map of each pixel's channels."""
    return drawn(nn.Conv2d(inputs, outputs, 1, bias=False))


class Generator(Network):
    """(N, latent_dim) float -> (N, *image_shape) float, near [-1, 1] but not bounded.

    A learned basis, scaled channel by channel by a linear function of z, is the first feature map.
    With ``conditioning`` embedding it also takes (N,) int64 labels: a learned vector of the class,
    as long as z, joins z.
    """

    own_conditioning: ClassVar[frozenset[str]] = frozenset({"embedding"})

    def __init__(
        self,
        *,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        width: int,
        widest_side: int,
        blocks: int,
        group_width: int,
        expansion: int,
        conditioning: str = "none",
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_classes if conditioning == "embedding" else 0)
        plan = residual_stages(
            image_shape[1],
            width=width,
            widest_side=widest_side,
            blocks=blocks,
            group_width=group_width,
            expansion=expansion,
        )
        (base, self.base), *finer = plan
        if self.num_classes:
            self.embedding = class_vectors(num_classes, latent_dim)
            latent_dim *= 2
        self.basis = nn.Parameter(torch.randn(base.width, base.side, base.side))
        self.start = drawn(nn.Linear(latent_dim, base.width, bias=False))
        layers: list[nn.Module] = []
        before = base
        for stage, blocks_of_stage in finer:
            if stage.width != before.width:
                layers.append(pointwise(before.width, stage.width))
            layers += [Upsample(before.side), blocks_of_stage]
            before = stage
        self.finer = nn.Sequential(*layers, pointwise(before.width, image_shape[0]))

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        if label is not None:
            z = torch.cat([z, self.embedding(label)], 1)
        with torch.autocast(z.device.type, enabled=False):
            x = self.base(self.basis * self.start(z)[:, :, None, None])
        return self.finer(x)


class Discriminator(Network):
    """(N, *image_shape) float -> (N,) logits.

    With ``conditioning`` projection it also takes (N,) int64 labels: the logit is the product of
    the last features and a learned vector of the class.
    """

    own_conditioning: ClassVar[frozenset[str]] = frozenset({"projection"})

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        width: int,
        widest_side: int,
        blocks: int,
        group_width: int,
        expansion: int,
        conditioning: str = "none",
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_classes if conditioning == "projection" else 0)
        plan = residual_stages(
            image_shape[1],
            width=width,
            widest_side=widest_side,
            blocks=blocks,
            group_width=group_width,
            expansion=expansion,
        )
        (base, self.base), *finer = plan
        layers: list[nn.Module] = [pointwise(image_shape[0], finer[-1][0].width)]
        for (stage, blocks_of_stage), (after, _) in pairwise([*finer[::-1], (base, self.base)]):
            layers += [blocks_of_stage, Downsample(stage.side)]
            if stage.width != after.width:
                layers.append(pointwise(stage.width, after.width))
        self.finer = nn.Sequential(*layers)
        self.feature_channels = base.width
        self.gather = drawn(
            nn.Conv2d(base.width, base.width, base.side, groups=base.width, bias=False)
        )
        outputs = 1
        if self.num_classes:
            outputs = base.width
            self.embedding = class_vectors(num_classes, outputs, outputs**-0.5)
        self.last = drawn(nn.Linear(base.width, outputs, bias=False))

    def features(self, images: Tensor, label: Tensor | None = None) -> Tensor:
        """(N, width, base, base) float32 activations, which no label changes."""
        x = self.finer(images)
        with torch.autocast(x.device.type, enabled=False):
            return self.base(x.to(self.last.weight.dtype))

    def head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The (N,) float32 logits of features."""
        with torch.autocast(features.device.type, enabled=False):
            x = self.last(self.gather(features).flatten(1))
            return x.squeeze(1) if label is None else (x * self.embedding(label)).sum(1)

    def forward(self, images: Tensor, label: Tensor | None = None) -> Tensor:
        return self.head(self.features(images), label)
