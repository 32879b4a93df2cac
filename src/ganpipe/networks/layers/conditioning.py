"""Conditioning by concatenation: Mirza & Osindero 2014, "Conditional Generative Adversarial Nets"
(arXiv:1411.1784), section 3.2, where the class joins the input of each network."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.network import Network


class ConcatGenerator(Network):
    """(N, latent_dim) float noise and (N,) int64 labels in [0, num_classes) -> images.

    ``network`` gets the noise followed by the label as a one-hot vector.
    """

    def __init__(self, network: Network, num_classes: int) -> None:
        super().__init__(network.image_shape, num_classes)
        self.network = network

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return self.network(torch.cat([z, F.one_hot(label, self.num_classes).to(z.dtype)], 1))

    def parameter_groups(self) -> list[dict[str, Any]]:
        return self.network.parameter_groups()


class ConcatDiscriminator(Network):
    """(N, C, H, W) images and (N,) int64 labels in [0, num_classes) -> logits.

    ``network`` gets (N, C + 1, H, W): the additional channel is an embedding of the class, one
    number a pixel, so that every architecture can be conditioned.
    """

    def __init__(
        self, network: Network, image_shape: tuple[int, int, int], num_classes: int
    ) -> None:
        super().__init__(image_shape, num_classes)
        self.network = network
        self.planes = nn.Embedding(num_classes, image_shape[1] * image_shape[2])

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        return self.network(self._with_plane(images, label))

    def features(self, images: Tensor, label: Tensor) -> Tensor:
        """Activations of ``network`` before its last layer."""
        return self.network.get_submodule("features")(self._with_plane(images, label))

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The groups of ``network``; the first also holds the embeddings of the classes."""
        first, *others = self.network.parameter_groups()
        return [{**first, "params": [*first["params"], *self.planes.parameters()]}, *others]

    def clipped_parameters(self) -> list[nn.Parameter]:
        """The weights that weight clipping bounds: all but the embeddings, which act as inputs."""
        return list(self.network.parameters())

    def _with_plane(self, images: Tensor, label: Tensor) -> Tensor:
        plane = self.planes(label).view(len(label), 1, *images.shape[2:])
        return torch.cat([images, plane.to(images.dtype)], 1)
