"""Put a condition, the class of an image, around a network that knows of none.

Concatenation: Mirza & Osindero 2014, "Conditional Generative Adversarial Nets" (arXiv:1411.1784),
section 3.2. Projection: Miyato & Koyama 2018, "cGANs with Projection Discriminator"
(arXiv:1802.05637), eq. 6. Auxiliary classifier: Odena et al. 2017 (arXiv:1610.09585), section 3.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.network import Network


class Conditioned(Network):
    """Base class: ``network`` and what gives the class to it or reads the class from it."""

    def __init__(
        self, network: Network, image_shape: tuple[int, int, int], num_classes: int = 0
    ) -> None:
        super().__init__(image_shape, num_classes)
        self.network = network
        self.feature_channels = network.feature_channels

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The groups of ``network``; all other weights join the first."""
        first, *others = self.network.parameter_groups()
        inner = {id(weight) for weight in self.network.parameters()}
        own = [weight for weight in self.parameters() if id(weight) not in inner]
        return [{**first, "params": [*first["params"], *own]}, *others]

    def orthogonal_weights(self) -> list[Tensor]:
        return self.network.orthogonal_weights()

    def grow(self, progress: float) -> bool:
        return self.network.grow(progress)

    def fade(self, real: Tensor) -> Tensor:
        return self.network.fade(real)


class ConcatGenerator(Conditioned):
    """(N, latent_dim) float noise and (N,) int64 labels in [0, num_classes) -> images.

    ``network`` gets the noise followed by the label as a one-hot vector.
    """

    def __init__(self, network: Network, num_classes: int) -> None:
        super().__init__(network, network.image_shape, num_classes)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return self.network(torch.cat([z, F.one_hot(label, self.num_classes).to(z.dtype)], 1))


class ConcatDiscriminator(Conditioned):
    """(N, C, H, W) images and (N,) int64 labels in [0, num_classes) -> logits.

    ``network`` gets (N, C + 1, H, W): the additional channel is an embedding of the class, one
    number a pixel, so that every architecture can be conditioned.
    """

    def __init__(
        self, network: Network, image_shape: tuple[int, int, int], num_classes: int
    ) -> None:
        super().__init__(network, image_shape, num_classes)
        self.planes = nn.Embedding(num_classes, image_shape[1] * image_shape[2])

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        return self.network(self._with_plane(images, label))

    def features(self, images: Tensor, label: Tensor) -> Tensor:
        """The features of ``network``."""
        network: Any = self.network
        return network.features(self._with_plane(images, label))

    def clipped_parameters(self) -> list[nn.Parameter]:
        """All but the embeddings, which act as inputs."""
        return self.network.clipped_parameters()

    def _with_plane(self, images: Tensor, label: Tensor) -> Tensor:
        plane = self.planes(label).view(len(label), 1, *images.shape[2:])
        return torch.cat([images, plane.to(images.dtype)], 1)


class ProjectionDiscriminator(Conditioned):
    """(N, C, H, W) images and (N,) int64 labels in [0, num_classes) -> logits.

    The logit is ψ(h) + <e(y), pool(h)>, where h are the features of ``network``, ψ is its head and
    e an embedding of the classes. It is drawn as in the authors' program, by Glorot's uniform rule;
    of an architecture with a field ``init``, build_discriminator draws it again by that, unless it
    is ``torch``.
    """

    def __init__(self, network: Network, num_classes: int) -> None:
        super().__init__(network, network.image_shape, num_classes)
        self.embedding = nn.Embedding(num_classes, network.feature_channels)
        nn.init.xavier_uniform_(self.embedding.weight)

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        network: Any = self.network
        features = network.features(images)
        product = self.embedding(label) * network.pool(features)
        return network.head(features) + product.sum(1)

    def features(self, images: Tensor, label: Tensor) -> Tensor:
        """The features of ``network``, which no label changes."""
        network: Any = self.network
        return network.features(images)


class AuxiliaryDiscriminator(Conditioned):
    """(N, C, H, W) images -> logits; it takes no label but says which class it sees.

    The logits of the classes are a linear function of pool(h), h the features of ``network``. Its
    weights are drawn as the embedding of :class:`ProjectionDiscriminator`.
    """

    def __init__(self, network: Network, num_classes: int) -> None:
        super().__init__(network, network.image_shape)
        self.classes = nn.Linear(network.feature_channels, num_classes)
        nn.init.xavier_uniform_(self.classes.weight)
        nn.init.zeros_(self.classes.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The (N,) logits and the (N, K) logits of the classes, from one pass."""
        network: Any = self.network
        features = network.features(images)
        return network.head(features), self.classes(network.pool(features))

    def features(self, images: Tensor) -> Tensor:
        """The features of ``network``."""
        network: Any = self.network
        return network.features(images)
