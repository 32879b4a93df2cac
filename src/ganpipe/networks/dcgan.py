"""Radford, Metz & Chintala 2016, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (arXiv:1511.06434), for any side that halving brings to 4..7."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from ganpipe.data.sizes import halvings
from ganpipe.networks.layers.minibatch import minibatch_layers
from ganpipe.networks.layers.norm import discriminator_batch_norm
from ganpipe.networks.network import Network


def _channels(image_size: int, width: int) -> tuple[int, list[int]]:
    """The base of the network in pixels, and its channels from the image side inwards.

    32 pixels, width 64 -> (4, [64, 128, 256]); 28 -> (7, [64, 128]).
    """
    base, count = halvings(image_size)
    return base, [width << level for level in range(count)]


class Generator(Network):
    """(N, latent_dim) float -> (N, *image_shape) float in [-1, 1]."""

    def __init__(self, *, latent_dim: int, image_shape: tuple[int, int, int], width: int) -> None:
        super().__init__(image_shape)
        base, channels = _channels(image_shape[1], width)
        channels.reverse()
        first = nn.ConvTranspose2d(latent_dim, channels[0], base, 1, 0, bias=False)
        layers: list[nn.Module] = [first, nn.BatchNorm2d(channels[0]), nn.ReLU(inplace=True)]
        for inner, outer in pairwise(channels):
            layers += [
                nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False),
                nn.BatchNorm2d(outer),
                nn.ReLU(inplace=True),
            ]
        last = nn.ConvTranspose2d(channels[-1], image_shape[0], 4, 2, 1, bias=False)
        self.layers = nn.Sequential(*layers, last, nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z[:, :, None, None])


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
        self.features = nn.Sequential(*layers)  # -> (N, C, base, base)
        self.minibatch, last_channels = minibatch_layers(
            channels[-1],
            base * base,
            minibatch_discrimination=minibatch_discrimination,
            minibatch_stddev=minibatch_stddev,
        )
        self.last = nn.Conv2d(last_channels, 1, base, 1, 0, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.minibatch(self.features(x))).flatten()
