"""The base class of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """Base class of generators and discriminators: what a network says of itself.

    ``forward`` of a generator takes noise ``z``, that of a discriminator images; both also take the
    label if ``num_classes`` is positive. A discriminator is ``head(features(images))``, where
    ``features`` returns (N, F) or (N, F, h, w) and ``head`` (N,) logits; what gives a class to it
    reads ``pool(features(images))``, (N, F).
    """

    own_conditioning: ClassVar[frozenset[str]] = frozenset()  # kinds that it implements itself
    truncates: ClassVar[bool] = False  # a generator with an input `truncation` (N,), 1.0: none

    def __init__(self, image_shape: tuple[int, int, int], num_classes: int = 0) -> None:
        super().__init__()
        self.image_shape = image_shape  # (C, H, W) of the images it makes or sees
        self.num_classes = num_classes  # of the label that it takes; 0: it takes none
        self.feature_channels = 0  # F of a discriminator's features

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Disjoint groups of all parameters, as optimizers of PyTorch take them.

        A group may carry ``lr_scale``, a factor on the learning rate of its player.
        """
        return [{"params": list(self.parameters())}]

    def clipped_parameters(self) -> list[nn.Parameter]:
        """The weights that weight clipping bounds, by default all."""
        return list(self.parameters())

    def orthogonal_weights(self) -> list[Tensor]:
        """The weights that orthogonal regularisation applies to, outputs first: by default all
        matrices and kernels. Learned inputs and biases of whole maps, (C, h, w), are neither."""
        layers = [each for each in self.modules() if isinstance(each, nn.ConvTranspose2d)]
        inputs_first = {id(weight) for layer in layers for weight in layer.parameters()}
        return [
            weight.transpose(0, 1) if id(weight) in inputs_first else weight
            for weight in self.parameters()
            if weight.dim() in (2, 4)
        ]

    def pool(self, features: Tensor) -> Tensor:
        """Features (N, F) or (N, F, h, w) of a discriminator as (N, F), by default summed over the
        pixels (Miyato & Koyama 2018, arXiv:1802.05637); at least float32."""
        if features.dim() == 2:
            return features
        return features.sum((2, 3), dtype=torch.promote_types(features.dtype, torch.float32))

    def noise_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the inputs of a generator besides ``z`` that are drawn from N(0, 1), by the
        names that ``forward`` gives them."""
        return {}

    def training_inputs(
        self, inputs: Mapping[str, Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """The inputs of a generator in training, made from drawn ``inputs``; by default the same.

        A network that mixes styles, for example, adds a second noise vector.
        """
        return dict(inputs)

    def grow(self, progress: float) -> bool:
        """Set the network to a share ``progress``, in [0, 1), of the training; say whether new
        layers begin to be trained. Networks that grow keep what this sets in a buffer."""
        return False

    def fade(self, real: Tensor) -> Tensor:
        """Real images (N, C, H, W) as a discriminator that grows is to see them."""
        return real
