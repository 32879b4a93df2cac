"""Radford, Metz & Chintala 2016, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (arXiv:1511.06434), for any side that halving brings to 4..7."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from ganpipe.data.sizes import halvings
from ganpipe.networks.layers.minibatch import minibatch_layers
from ganpipe.networks.layers.norm import (
    ConditionalBatchNorm2d,
    discriminator_batch_norm,
    generator_batch_norm,
)
from ganpipe.networks.network import Network


def _channels(image_size: int, width: int) -> tuple[int, list[int]]:
    """The base of the network in pixels, and its channels from the image side inwards.

    32 pixels, width 64 -> (4, [64, 128, 256]); 28 -> (7, [64, 128]).
    """
    base, count = halvings(image_size)
    return base, [width << level for level in range(count)]


class Generator(Network):
    """(N, latent_dim) float -> (N, *image_shape) float in [-1, 1].

    With ``conditioning`` batch_norm it also takes (N,) int64 labels, which choose the scale and the
    shift of every norm.
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
        base, channels = _channels(image_shape[1], width)
        channels.reverse()
        first = nn.ConvTranspose2d(latent_dim, channels[0], base, 1, 0, bias=False)
        norm = generator_batch_norm(channels[0], self.num_classes)
        layers: list[nn.Module] = [first, norm, nn.ReLU(inplace=True)]
        for inner, outer in pairwise(channels):
            layers += [
                nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False),
                generator_batch_norm(outer, self.num_classes),
                nn.ReLU(inplace=True),
            ]
        last = nn.ConvTranspose2d(channels[-1], image_shape[0], 4, 2, 1, bias=False)
        self.layers = nn.Sequential(*layers, last, nn.Tanh())

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        x = z[:, :, None, None]
        for layer in self.layers:
            x = layer(x, label) if isinstance(layer, ConditionalBatchNorm2d) else layer(x)
        return x


class Discriminator(Network):
    """(N, *image_shape) float in [-1, 1] -> (N,) logits."""

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        width: int,
        norm: str,
        minibatch_discrimination: int = 0,
        minibatch_stddev: bool = False,
    ) -> None:
        super().__init__(image_shape)
        base, channels = _channels(image_shape[1], width)
        bias = norm == "none"  # batch norm has its own
        layers: list[nn.Module] = [nn.Conv2d(image_shape[0], channels[0], 4, 2, 1, bias=bias)]
        layers.append(nn.LeakyReLU(0.2, inplace=True))
        for outer, inner in pairwise(channels):
            layers.append(nn.Conv2d(outer, inner, 4, 2, 1, bias=bias))
            if norm == "batch":
                layers.append(discriminator_batch_norm(inner))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        self.features = nn.Sequential(*layers)  # -> (N, F, base, base)
        self.feature_channels = channels[-1]
        self.minibatch, last_channels = minibatch_layers(
            channels[-1],
            base * base,
            minibatch_discrimination=minibatch_discrimination,
            minibatch_stddev=minibatch_stddev,
        )
        self.last = nn.Conv2d(last_channels, 1, base, 1, 0, bias=bias)

    def head(self, features: Tensor) -> Tensor:
        """The (N,) logits of features."""
        return self.last(self.minibatch(features)).flatten()

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))
