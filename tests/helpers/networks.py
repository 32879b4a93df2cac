"""Small networks of every architecture, from their fields."""

from __future__ import annotations

from typing import Any

import torch
from pydantic import TypeAdapter

from ganpipe.networks.build import build_discriminator, build_generator
from ganpipe.networks.configs import DiscriminatorConfig, GeneratorConfig
from ganpipe.networks.network import Network

SHAPE = (1, 32, 32)
CLASSES = 3  # of the images, for the networks that are conditioned
LATENT = 6
GENERATOR_FIELDS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": [6, 12], "activation": "relu", "batch_norm": True},
    "dcgan": {"width": 4},
    "resnet": {"width": 4},
    "biggan": {"width": 4},
    "stylegan2": {"channel_base": 64, "channel_max": 4, "style_dim": 5, "mapping_layers": 2},
}
DISCRIMINATOR_FIELDS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": [12, 6], "activation": "leaky_relu", "dropout": 0.0},
    "dcgan": {"width": 4, "norm": "none"},
    "resnet": {"width": 4, "pool": "mean"},
    "biggan": {"width": 4},
    "stylegan2": {"channel_base": 64, "channel_max": 4, "residual": True, "minibatch_group": 2},
}


def generator(arch: str, shape: tuple[int, int, int] = SHAPE, **fields: Any) -> Network:
    """A small generator of images of ``shape``, always with the same initial weights."""
    config: GeneratorConfig = TypeAdapter(GeneratorConfig).validate_python(
        {"arch": arch, **GENERATOR_FIELDS[arch], **fields}
    )
    torch.manual_seed(0)
    return build_generator(config, latent_dim=LATENT, image_shape=shape, num_classes=CLASSES)


def discriminator(arch: str, shape: tuple[int, int, int] = SHAPE, **fields: Any) -> Network:
    """A small discriminator of images of ``shape``, always with the same initial weights."""
    config: DiscriminatorConfig = TypeAdapter(DiscriminatorConfig).validate_python(
        {"arch": arch, **DISCRIMINATOR_FIELDS[arch], **fields}
    )
    torch.manual_seed(0)
    return build_discriminator(config, image_shape=shape, num_classes=CLASSES)
