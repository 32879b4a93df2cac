"""The residual networks of WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028) and SNGAN (Miyato et
al. 2018, arXiv:1802.05957), which have the same layers.

WGAN-GP averages the features over the pixels, SNGAN sums them, normalises the discriminator
spectrally, and in its program leaves out the bias of the last layer. WGAN-GP's program has another
network for 64 pixels; here the larger ones are those of SNGAN's successor (arXiv:1802.05637).
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from ganpipe.networks.layers.minibatch import minibatch_layers
from ganpipe.networks.layers.norm import generator_batch_norm
from ganpipe.networks.layers.residual import (
    UpBlock,
    down_blocks,
    initialise_residual,
    up_channels,
)
from ganpipe.networks.network import Network


class Generator(Network):
    """(N, latent_dim) float -> (N, *image_shape) float in [-1, 1].

    With ``conditioning`` batch_norm it also takes (N,) int64 labels, which choose the scale and the
    shift of every norm in the blocks; the last norm stays without (Miyato & Koyama 2018,
    arXiv:1802.05637, and both programs).
    """

    own_conditioning: ClassVar[frozenset[str]] = frozenset({"batch_norm"})

    def __init__(
        self,
        *,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        width: int,
        conditioning: str = "none",
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_classes if conditioning == "batch_norm" else 0)
        base, channels = up_channels(image_shape[1], width)
        norm = partial(generator_batch_norm, num_classes=self.num_classes)
        self.first = nn.Linear(latent_dim, channels[0] * base * base)
        self.blocks = nn.ModuleList(UpBlock(*sides, norm) for sides in pairwise(channels))
        self.norm = nn.BatchNorm2d(channels[-1])
        self.last = nn.Conv2d(channels[-1], image_shape[0], 3, padding=1)
        self.base = base
        initialise_residual(self)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        condition = () if label is None else (label,)
        x = self.first(z).view(z.shape[0], -1, self.base, self.base)
        for block in self.blocks:
            x = block(x, *condition)
        return self.last(self.norm(x).relu_()).tanh()


class Discriminator(Network):
    """(N, *image_shape) float in [-1, 1] -> (N,) logits; ``pool`` is sum or mean."""

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        width: int,
        pool: str,
        output_bias: bool,
        minibatch_discrimination: int = 0,
        minibatch_stddev: bool = False,
    ) -> None:
        super().__init__(image_shape)
        blocks, sides = down_blocks(image_shape, width, wide=False)
        self.features = nn.Sequential(*blocks, nn.ReLU(inplace=True))  # -> (N, F, side, side)
        self.feature_channels = blocks[-1].channels
        self.minibatch, last_channels = minibatch_layers(
            self.feature_channels,
            sides[-1] ** 2,
            minibatch_discrimination=minibatch_discrimination,
            minibatch_stddev=minibatch_stddev,
        )
        self.last = nn.Linear(last_channels, 1, bias=output_bias)
        self.averages = pool == "mean"
        initialise_residual(self)

    def pool(self, features: Tensor) -> Tensor:
        """(N, F, h, w) -> (N, F)."""
        total = super().pool(features)
        return total / features[0, 0].numel() if self.averages else total

    def head(self, features: Tensor) -> Tensor:
        """The (N,) logits of features."""
        return self.last(self.pool(self.minibatch(features))).squeeze(1)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))
