"""Fully connected networks on flattened images."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from ganpipe.networks.layers.minibatch import minibatch_layers
from ganpipe.networks.layers.norm import activation_layer
from ganpipe.networks.network import Network


class Generator(Network):
    """(N, latent_dim) float -> (N, *image_shape) float in [-1, 1]."""

    def __init__(
        self,
        *,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        hidden: Sequence[int],
        activation: str,
        batch_norm: bool,
    ) -> None:
        super().__init__(image_shape)
        layers: list[nn.Module] = []
        width = latent_dim
        for position, units in enumerate(hidden):
            layers.append(nn.Linear(width, units))
            if batch_norm and position > 0:
                layers.append(nn.BatchNorm1d(units))
            layers.append(activation_layer(activation))
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, math.prod(image_shape)), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z).view(-1, *self.image_shape)


class Discriminator(Network):
    """(N, *image_shape) float in [-1, 1] -> (N,) logits."""

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        hidden: Sequence[int],
        activation: str,
        dropout: float,
        minibatch_discrimination: int = 0,
        minibatch_stddev: bool = False,
    ) -> None:
        super().__init__(image_shape)
        layers: list[nn.Module] = []
        width = math.prod(image_shape)
        for units in hidden:
            layers += [nn.Linear(width, units), activation_layer(activation)]
            if dropout:
                layers.append(nn.Dropout(dropout))
            width = units
        self.features = nn.Sequential(nn.Flatten(), *layers)  # -> (N, F)
        self.feature_channels = width
        self.minibatch, width = minibatch_layers(
            width,
            1,
            minibatch_discrimination=minibatch_discrimination,
            minibatch_stddev=minibatch_stddev,
        )
        self.last = nn.Linear(width, 1)

    def head(self, features: Tensor) -> Tensor:
        """The (N,) logits of features."""
        return self.last(self.minibatch(features)).squeeze(1)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))
