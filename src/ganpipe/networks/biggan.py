"""Brock, Donahue & Simonyan 2019, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis" (arXiv:1809.11096), after the authors' PyTorch program.

By default the networks of that program's CIFAR-10 script: each norm has tables of its own for the
classes, and there is no attention. The paper's form, for 128 pixels and more, has a shared
embedding of the class and gives each block a part of z. Spectral norm and projection are put around
by ``networks/build.py``. Biases start at 0, where the program leaves PyTorch's.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganpipe.networks.layers.attention import SelfAttention, attended_block
from ganpipe.networks.layers.minibatch import minibatch_layers
from ganpipe.networks.layers.norm import ConditionalBatchNorm2d, generator_batch_norm
from ganpipe.networks.layers.residual import UpBlock, down_blocks, up_channels
from ganpipe.networks.network import Network


class Generator(Network):
    """(N, latent_dim) float, and (N,) int64 labels with ``conditioning`` batch_norm -> (N,
    *image_shape) float in [-1, 1].

    With ``shared_embedding`` above 0 norms see the class as an embedding of that many numbers, and
    if ``hierarchical`` also a part of z: its first part enters the first layer, each other one the
    norms of a block. The parts are as equal as can be; the program instead rounds the length of z
    down to a multiple of their number. ``attention`` is the side in pixels of the map that it is
    applied to, 0 for none.
    """

    own_conditioning: ClassVar[frozenset[str]] = frozenset({"batch_norm"})

    def __init__(
        self,
        *,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        width: int,
        attention: int = 0,
        shared_embedding: int = 0,
        hierarchical: bool = False,
        conditioning: str = "none",
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_classes if conditioning == "batch_norm" else 0)
        self.base, channels = up_channels(image_shape[1], width)
        blocks = len(channels) - 1
        first, *others = _parts(latent_dim, blocks + 1) if hierarchical else [latent_dim]
        self.parts = [first, *others]
        self.shared = nn.Embedding(num_classes, shared_embedding) if shared_embedding else None
        norms = [
            partial(ConditionalBatchNorm2d, size=shared_embedding + part, vector=True)
            if shared_embedding
            else partial(generator_batch_norm, num_classes=self.num_classes)
            for part in others or [0] * blocks
        ]
        self.first = nn.Linear(first, channels[0] * self.base**2)
        self.blocks = nn.ModuleList(
            UpBlock(*sides, norm) for sides, norm in zip(pairwise(channels), norms, strict=True)
        )
        sides = [self.base << level for level in range(1, blocks + 1)]
        self.attended = attended_block("generator", attention, sides)
        if self.attended is not None:
            self.attention = SelfAttention(channels[self.attended + 1])
        self.norm = nn.BatchNorm2d(channels[-1])
        self.last = nn.Conv2d(channels[-1], image_shape[0], 3, padding=1)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        first, *others = z.split(self.parts, 1)
        x = self.first(first).view(z.shape[0], -1, self.base, self.base)
        for index, block in enumerate(self.blocks):
            x = block(x, *self._condition(label, others[index : index + 1]))
            if index == self.attended:
                x = self.attention(x)
        return self.last(self.norm(x).relu_()).tanh()

    def orthogonal_weights(self) -> list[Tensor]:
        """All but the shared embedding, as in the program."""
        shared = None if self.shared is None else self.shared.weight
        return [weight for weight in super().orthogonal_weights() if weight is not shared]

    def _condition(self, label: Tensor | None, parts: list[Tensor]) -> list[Tensor]:
        """Inputs of the norms of a block, whose part of z is ``parts`` if it has one."""
        if label is None:
            return []
        return [label if self.shared is None else torch.cat([self.shared(label), *parts], 1)]


class Discriminator(Network):
    """(N, *image_shape) float in [-1, 1] -> (N,) logits; ``attention`` as in the generator."""

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        width: int,
        attention: int = 0,
        minibatch_discrimination: int = 0,
        minibatch_stddev: bool = False,
    ) -> None:
        super().__init__(image_shape)
        blocks, sides = down_blocks(image_shape, width, wide=True)
        layers: list[nn.Module] = [*blocks]
        attended = attended_block("discriminator", attention, sides)
        if attended is not None:
            layers.insert(attended + 1, SelfAttention(blocks[attended].channels))
        self.features = nn.Sequential(*layers, nn.ReLU(inplace=True))  # -> (N, F, side, side)
        self.feature_channels = blocks[-1].channels
        self.minibatch, last_channels = minibatch_layers(
            self.feature_channels,
            sides[-1] ** 2,
            minibatch_discrimination=minibatch_discrimination,
            minibatch_stddev=minibatch_stddev,
        )
        self.last = nn.Linear(last_channels, 1)

    def head(self, features: Tensor) -> Tensor:
        """The (N,) logits of features."""
        return self.last(self.pool(self.minibatch(features))).squeeze(1)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))


def _parts(length: int, count: int) -> list[int]:
    """``length`` in ``count`` parts whose sizes differ by 1 at most, the larger ones first."""
    return [len(range(part, length, count)) for part in range(count)]
