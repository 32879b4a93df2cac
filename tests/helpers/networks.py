"""Small networks of every architecture, from their fields."""

from __future__ import annotations

from typing import Any, get_args

import torch
from pydantic import TypeAdapter, ValidationError

from ganpipe.core.plugins import load
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
    "progan": {"channel_base": 64, "channel_max": 4},
    "r3gan": {"width": 4, "blocks": 1, "group_width": 2},
}
DISCRIMINATOR_FIELDS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": [12, 6], "activation": "leaky_relu", "dropout": 0.0},
    "dcgan": {"width": 4, "norm": "none"},
    "resnet": {"width": 4, "pool": "mean"},
    "biggan": {"width": 4},
    "stylegan2": {"channel_base": 64, "channel_max": 4, "residual": True, "minibatch_group": 2},
    "progan": {"channel_base": 64, "channel_max": 4},
    "r3gan": {"width": 4, "blocks": 1, "group_width": 2},
}


def with_field(field: str) -> list[str]:
    """The architectures whose discriminators have ``field``."""
    kinds = get_args(get_args(DiscriminatorConfig)[0])
    return [
        get_args(kind.model_fields["arch"].annotation)[0]
        for kind in kinds
        if field in kind.model_fields
    ]


def conditioned_from_outside(conditioning: str) -> list[str]:
    """The architectures whose discriminators get the class by what is put around them."""
    return [arch for arch in DISCRIMINATOR_FIELDS if _takes(arch, conditioning)]


def _takes(arch: str, conditioning: str) -> bool:
    own = load("ganpipe.networks", arch).Discriminator.own_conditioning
    try:
        discriminator_config(arch, conditioning=conditioning)
    except ValidationError:
        return False
    return conditioning not in own


def generator(arch: str, shape: tuple[int, int, int] = SHAPE, **fields: Any) -> Network:
    """A small generator of images of ``shape``, always with the same initial weights."""
    config: GeneratorConfig = TypeAdapter(GeneratorConfig).validate_python(
        {"arch": arch, **GENERATOR_FIELDS[arch], **fields}
    )
    torch.manual_seed(0)
    return build_generator(config, latent_dim=LATENT, image_shape=shape, num_classes=CLASSES)


def discriminator(arch: str, shape: tuple[int, int, int] = SHAPE, **fields: Any) -> Network:
    """A small discriminator of images of ``shape``, always with the same initial weights."""
    config = discriminator_config(arch, **fields)
    torch.manual_seed(0)
    return build_discriminator(config, image_shape=shape, num_classes=CLASSES)


def discriminator_config(arch: str, **fields: Any) -> DiscriminatorConfig:
    """Its fields; raises ValidationError for those that the architecture does not have."""
    config: DiscriminatorConfig = TypeAdapter(DiscriminatorConfig).validate_python(
        {"arch": arch, **DISCRIMINATOR_FIELDS[arch], **fields}
    )
    return config
