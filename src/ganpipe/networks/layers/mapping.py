"""Mapping networks: Karras et al. 2019 (StyleGAN, arXiv:1812.04948), section 2, in the form of
StyleGAN2 with adaptive augmentation (arXiv:2006.06676)."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.layers.equalised import EqualisedLinear

SLOPE = 0.2  # of leaky ReLU
GAIN = math.sqrt(2)  # on the output of leaky ReLU, which then has about the input's second moment
LR_MULTIPLIER = 0.01  # of the fully connected layers (StyleGAN, appendix C)


class Mapping(nn.Module):
    """Noise (N, latent_dim) and, with classes, labels (N,) int64 -> (N, dim) float32.

    The noise and the label's learned embedding are each scaled to a second moment of 1, joined, and
    passed through ``depth`` fully connected layers. Without noise, for ``latent_dim`` 0, the labels
    alone are mapped. Computed in fp32 even under autocast: it costs little, and one vector decides
    the whole image.
    """

    def __init__(self, latent_dim: int, num_classes: int, dim: int, depth: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.embedding = EqualisedLinear(num_classes, dim) if num_classes else None
        widths = [latent_dim + dim * bool(num_classes), *[dim] * depth]
        self.layers = nn.ModuleList(
            EqualisedLinear(before, after, gain=GAIN, bias_gain=GAIN, lr_multiplier=LR_MULTIPLIER)
            for before, after in pairwise(widths)
        )

    def forward(self, z: Tensor | None, label: Tensor | None) -> Tensor:
        given = [each for each in (z, label) if each is not None]
        with torch.autocast(given[0].device.type, enabled=False):
            parts = [] if z is None else [unit_second_moment(z)]
            if self.embedding is not None and label is not None:
                one_hot = F.one_hot(label, self.num_classes).to(self.embedding.weight.dtype)
                parts.append(unit_second_moment(self.embedding(one_hot)))
            x = torch.cat(parts, 1)
            for layer in self.layers:
                x = F.leaky_relu(layer(x), SLOPE)
        return x


def unit_second_moment(x: Tensor) -> Tensor:
    """(N, d, *) -> the same shape, each vector of length d divided by the root of its mean square,
    with 1e-8 under the root."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()
