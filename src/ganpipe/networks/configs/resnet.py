"""Fields of the residual networks of WGAN-GP (Gulrajani et al. 2017) and SNGAN (Miyato et al.
2018)."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import PositiveInt
from ganpipe.networks.configs.base import Discriminator, Generator


class ResNetGenerator(Generator):
    """Residual blocks that double the side, batch norm, ReLU, tanh."""

    arch: Literal["resnet"]
    conditioning: Literal["none", "concat", "batch_norm"] = "none"
    width: PositiveInt  # channels before the last layer; more inside beyond 32 pixels
    spectral_norm: bool = False  # of every weight but the tables of classes


class ResNetDiscriminator(Discriminator):
    """Residual blocks that halve the side, ReLU."""

    arch: Literal["resnet"]
    width: PositiveInt  # channels after the first block; more inside beyond 32 pixels
    pool: Literal["sum", "mean"]  # of the features over the pixels: sum in SNGAN, mean in WGAN-GP
    output_bias: bool = True  # of the last layer; SNGAN's program has none
