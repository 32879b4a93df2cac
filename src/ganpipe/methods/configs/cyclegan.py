"""Fields of CycleGAN (Zhu et al. 2017, arXiv:1703.10593)."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import NonNegativeFloat, NonNegativeInt
from ganpipe.methods.configs.translating import TranslatingConfig
from ganpipe.networks.configs.translators import PatchDiscriminator


class CycleGANConfig(TranslatingConfig):
    """Two translators, there and back, and a discriminator of patches for either side."""

    method: Literal["cyclegan"]
    discriminator: PatchDiscriminator  # of either side
    cycle: NonNegativeFloat = 10.0  # weight of the mean distance after there and back
    # Of the mean distance of an image that is on the right side already, as a share of `cycle`; it
    # keeps colours, and opposes maps that change them, such as inversion.
    identity: NonNegativeFloat = 0.5
    image_pool: NonNegativeInt = 50  # generated images of each side that are seen again
