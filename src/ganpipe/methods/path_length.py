"""The regularisation of a generator's path lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganpipe.methods.method import Context, Loss
from ganpipe.networks.network import Network
from ganpipe.objectives.config import ObjectiveConfig
from ganpipe.objectives.path_length import path_lengths

RATE = 0.01  # at which the target follows the mean length


class PathLength(nn.Module):
    """The penalty that makes a step in the space of styles change images by a constant amount:
    Karras et al. 2020 (arXiv:1912.04958), section 3.2.

    It is applied at every k-th step, k times as strong. The target of the lengths, a buffer,
    follows their mean.
    """

    target: Tensor

    def __init__(self, config: ObjectiveConfig) -> None:
        super().__init__()
        self.every = config.path_length_every
        self.weight = config.path_length * self.every
        self.register_buffer("target", torch.zeros(()))

    def forward(
        self, generator: Network, inputs: Mapping[str, Tensor], rng: torch.Generator
    ) -> Loss:
        """The loss of ``generator`` on ``inputs``, the lengths' mean being ``path_length``.

        It is computed in fp32, since second derivatives need its precision.
        """
        network: Any = generator
        noise = {name: inputs[name] for name in generator.noise_shapes()}
        others = {name: value for name, value in inputs.items() if name not in noise}
        with torch.autocast(self.target.device.type, enabled=False):
            styles = network.styles(**others)
            lengths = path_lengths(network.synthesise(styles, noise), styles, rng)
        mean = lengths.detach().mean()
        penalty = (lengths - self.target.lerp(mean, RATE)).square().mean()
        return Loss(self.weight * penalty, {"path_length": mean})

    def follow(self, context: Context, loss: Loss) -> None:
        """Move the target, once the generator has been updated."""
        self.target.lerp_(loss.parts["path_length"], RATE)
