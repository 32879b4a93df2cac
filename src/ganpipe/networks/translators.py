"""Build the networks of translating models from their blocks in params.yaml.

The architecture ``arch`` is the module ``ganpipe.networks.<arch>``, with a ``Generator`` that
takes images or a ``Discriminator``. Initial weights are N(0, 0.02), and those of norms N(1, 0.02),
as both papers have them (arXiv:1611.07004, appendix 6.2; arXiv:1703.10593, appendix 7.1).
"""

from __future__ import annotations

from torch import nn

from ganpipe.core.plugins import load
from ganpipe.data.spec import Domain
from ganpipe.networks.configs.translators import PatchDiscriminator, TranslatorConfig
from ganpipe.networks.layers.init import initialise
from ganpipe.networks.network import Network

INIT = "normal_0.02"


def build_translator(config: TranslatorConfig, source: Domain, target: Domain) -> Network:
    """The network of ``config.arch`` from images of ``source`` to images of ``target``."""
    network: Network = load("ganpipe.networks", config.arch).Generator(
        source_channels=source.channels,
        image_shape=target.image_shape,
        **config.model_dump(exclude={"arch"}),
    )
    return _initialised(network)


def build_patch_discriminator(
    config: PatchDiscriminator, image_shape: tuple[int, int, int]
) -> Network:
    """The discriminator of ``config.arch`` for images of ``image_shape`` (C, H, W).

    Raises GanpipeError where they are too small for it.
    """
    network: Network = load("ganpipe.networks", config.arch).Discriminator(
        image_shape=image_shape, **config.model_dump(exclude={"arch"})
    )
    return _initialised(network)


def _initialised(network: Network) -> Network:
    initialise(network, INIT)
    for module in network.modules():
        if isinstance(module, nn.InstanceNorm2d) and module.affine:
            nn.init.normal_(module.weight, 1.0, 0.02)
    return network
