"""Activations and normalisations by name."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def activation_layer(name: str) -> nn.Module:
    """``relu``, or ``leaky_relu`` with a negative slope of 0.2 (Radford et al. 2016)."""
    return nn.ReLU(inplace=True) if name == "relu" else nn.LeakyReLU(0.2, inplace=True)


def discriminator_batch_norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm without running statistics, which a discriminator never needs, and which the
    generator's updates would change."""
    return nn.BatchNorm2d(channels, track_running_stats=False)


def generator_batch_norm(channels: int, num_classes: int) -> nn.Module:
    """Batch norm, class-conditional if there are classes."""
    if num_classes:
        return ConditionalBatchNorm2d(channels, num_classes)
    return nn.BatchNorm2d(channels)


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm whose scale 1 + g and shift b depend on a condition: de Vries et al. 2017
    (arXiv:1707.00683), section 3.2, which predicts changes of the scale, as BigGAN does.

    (N, C, h, w) and a condition for each image -> (N, C, h, w); mean and variance are those of the
    whole batch. The condition is a label, int64 (N,) in [0, size), and g and b are tables of the
    classes, which are 0 until a scheme of initial weights draws them; or, if ``vector``, float (N,
    size), from which linear layers without bias make g and b.
    """

    def __init__(self, channels: int, size: int, *, vector: bool = False) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.shift = (
            nn.Linear(size, channels, bias=False) if vector else nn.Embedding(size, channels)
            for _ in range(2)
        )
        if not vector:
            nn.init.zeros_(self.gain.weight)
            nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = (1 + self.gain(condition)).to(x.dtype), self.shift(condition).to(x.dtype)
        return torch.addcmul(shift[:, :, None, None], self.norm(x), scale[:, :, None, None])
