"""From a block of params.yaml to a network."""

from __future__ import annotations

from torch import nn

from ganpipe.networks import dcgan, mlp
from ganpipe.networks.configs import DiscriminatorConfig, GeneratorConfig

MODULES = {"mlp": mlp, "dcgan": dcgan}


def build_generator(
    config: GeneratorConfig, latent_dim: int, shape: tuple[int, int, int]
) -> nn.Module:
    """The generator of ``config.arch`` for images of ``shape`` (C, H, W)."""
    fields = config.model_dump(exclude={"arch"})
    return MODULES[config.arch].Generator(latent_dim=latent_dim, shape=shape, **fields)


def build_discriminator(config: DiscriminatorConfig, shape: tuple[int, int, int]) -> nn.Module:
    """The discriminator of ``config.arch`` for images of ``shape`` (C, H, W)."""
    fields = config.model_dump(exclude={"arch"})
    return MODULES[config.arch].Discriminator(shape=shape, **fields)
