"""Build the networks of denoising models from their blocks in params.yaml.

The architecture ``arch`` is the module ``ganpipe.networks.<arch>``, with a ``Generator`` that takes
noisy images, the step and noise, and a ``Discriminator`` of pairs and the step. Both draw their
initial weights.
"""

from __future__ import annotations

from ganpipe.core.plugins import load
from ganpipe.networks.configs.denoising import NCSNppDenoiser, NCSNppDiscriminator
from ganpipe.networks.network import Network


def build_denoiser(
    config: NCSNppDenoiser, *, latent_dim: int, image_shape: tuple[int, int, int]
) -> Network:
    """The generator of ``config.arch`` for images of ``image_shape`` (C, H, W).

    Raises GanpipeError where it does not fit their size.
    """
    network: Network = load("ganpipe.networks", config.arch).Generator(
        latent_dim=latent_dim, image_shape=image_shape, **config.model_dump(exclude={"arch"})
    )
    return network


def build_pair_discriminator(
    config: NCSNppDiscriminator, *, image_shape: tuple[int, int, int]
) -> Network:
    """The discriminator of ``config.arch`` for pairs of images of ``image_shape`` (C, H, W)."""
    network: Network = load("ganpipe.networks", config.arch).Discriminator(
        image_shape=image_shape, **config.model_dump(exclude={"arch"})
    )
    return network
