"""Build a network from its block in params.yaml.

The architecture ``arch`` is the module ``ganpipe.networks.<arch>`` with a ``Generator`` and a
``Discriminator``. What it does not implement of the conditioning is put around it here.
"""

from __future__ import annotations

from typing import Any

from ganpipe.core.plugins import load
from ganpipe.networks.configs import DiscriminatorConfig, GeneratorConfig
from ganpipe.networks.layers.conditioning import (
    AuxiliaryDiscriminator,
    ConcatDiscriminator,
    ConcatGenerator,
    ProjectionDiscriminator,
)
from ganpipe.networks.layers.init import initialise
from ganpipe.networks.layers.spectral import normalise_spectrally
from ganpipe.networks.network import Network

APPLIED_HERE = {"arch", "init", "conditioning", "spectral_norm"}  # fields, and not by networks


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
    kind = load("ganpipe.networks", config.arch).Generator
    own, around = _conditioning(config, kind, num_classes)
    network: Network = kind(
        latent_dim=latent_dim + num_classes * (around == "concat"),
        image_shape=image_shape,
        **config.model_dump(exclude=APPLIED_HERE),
        **own,
    )
    _initialise(network, config)
    if getattr(config, "spectral_norm", False):
        normalise_spectrally(network)
    return ConcatGenerator(network, num_classes) if around == "concat" else network


def build_discriminator(
    config: DiscriminatorConfig, *, image_shape: tuple[int, int, int], num_classes: int = 0
) -> Network:
    """The discriminator of ``config.arch``; arguments as for :func:`build_generator`."""
    kind = load("ganpipe.networks", config.arch).Discriminator
    own, around = _conditioning(config, kind, num_classes)
    channels, height, width = image_shape
    network: Network = kind(
        image_shape=(channels + (around == "concat"), height, width),
        **config.model_dump(exclude=APPLIED_HERE),
        **own,
    )
    if around == "projection":
        network = ProjectionDiscriminator(network, num_classes)
    if around == "auxiliary":
        network = AuxiliaryDiscriminator(network, num_classes)
    _initialise(network, config)
    if getattr(config, "spectral_norm", False):
        normalise_spectrally(network, embeddings=True)
    # The planes come last: they act as inputs, and keep the size of pixels.
    return ConcatDiscriminator(network, image_shape, num_classes) if around == "concat" else network


def _conditioning(
    config: GeneratorConfig | DiscriminatorConfig, kind: type[Network], num_classes: int
) -> tuple[dict[str, Any], str]:
    """The keywords of a network that implements its conditioning, and what goes around it."""
    if config.conditioning in kind.own_conditioning:
        return {"conditioning": config.conditioning, "num_classes": num_classes}, "none"
    return {}, config.conditioning


def _initialise(network: Network, config: GeneratorConfig | DiscriminatorConfig) -> None:
    """Draw initial weights, unless the architecture has drawn its own."""
    if scheme := getattr(config, "init", None):
        initialise(network, scheme)
