"""Build a network from its block in params.yaml.

The architecture ``arch`` is the module ``ganpipe.networks.<arch>`` with a ``Generator`` and a
``Discriminator``.
"""

from __future__ import annotations

from typing import Any

from ganpipe.core.plugins import load
from ganpipe.networks.configs import DiscriminatorConfig, GeneratorConfig
from ganpipe.networks.layers.conditioning import ConcatDiscriminator, ConcatGenerator
from ganpipe.networks.layers.init import initialise
from ganpipe.networks.layers.spectral import normalise_spectrally
from ganpipe.networks.network import Network

APPLIED_HERE = {"arch", "init", "conditioning", "spectral_norm"}  # fields that no network sees


def build_generator(
    config: GeneratorConfig,
    *,
    latent_dim: int,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> Network:
    """The generator of ``config.arch`` for images of ``image_shape`` (C, H, W).

    ``num_classes`` is the number of classes of the images, 0 if they have no labels; whether the
    network takes the label is ``config.conditioning``.
    """
    label_classes = num_classes if config.conditioning == "concat" else 0
    network: Network = load("ganpipe.networks", config.arch).Generator(
        latent_dim=latent_dim + label_classes,
        image_shape=image_shape,
        **_fields(config, num_classes),
    )
    initialise(network, config.init)
    return ConcatGenerator(network, num_classes) if label_classes else network


def build_discriminator(
    config: DiscriminatorConfig, *, image_shape: tuple[int, int, int], num_classes: int = 0
) -> Network:
    """The discriminator of ``config.arch``; arguments as for :func:`build_generator`."""
    label_classes = num_classes if config.conditioning == "concat" else 0
    channels, height, width = image_shape
    network: Network = load("ganpipe.networks", config.arch).Discriminator(
        image_shape=(channels + bool(label_classes), height, width), **_fields(config, num_classes)
    )
    initialise(network, config.init)
    if config.spectral_norm:
        normalise_spectrally(network)
    return ConcatDiscriminator(network, image_shape, num_classes) if label_classes else network


def _fields(config: GeneratorConfig | DiscriminatorConfig, num_classes: int) -> dict[str, Any]:
    """The keywords of the network; with the classes if it implements its conditioning itself."""
    own = config.conditioning not in ("none", "concat")
    facts = {"conditioning": config.conditioning, "num_classes": num_classes} if own else {}
    return config.model_dump(exclude=APPLIED_HERE) | facts
