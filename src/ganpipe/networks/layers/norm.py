"""Activations and normalisations by name."""

from __future__ import annotations

from torch import nn


def activation_layer(name: str) -> nn.Module:
    """``relu``, or ``leaky_relu`` with a negative slope of 0.2 (Radford et al. 2016)."""
    return nn.ReLU(inplace=True) if name == "relu" else nn.LeakyReLU(0.2, inplace=True)


def discriminator_batch_norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm without running statistics, which a discriminator never needs, and which the
    generator's updates would change."""
    return nn.BatchNorm2d(channels, track_running_stats=False)
