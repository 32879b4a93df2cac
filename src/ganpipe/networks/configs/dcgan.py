"""Fields of the DCGAN networks (Radford et al. 2016)."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import PositiveInt
from ganpipe.networks.configs.base import Discriminator, Generator, Init


class DCGANGenerator(Generator):
    """Transposed convolutions, batch norm, ReLU, tanh."""

    arch: Literal["dcgan"]
    conditioning: Literal["none", "concat", "batch_norm"] = "none"
    width: PositiveInt  # channels before the last layer; doubles with every halving of the side
    init: Init = "normal_0.02"


class DCGANDiscriminator(Discriminator):
    """Strided convolutions, LeakyReLU 0.2."""

    arch: Literal["dcgan"]
    width: PositiveInt  # channels after the first layer; doubles with every halving of the side
    norm: Literal["batch", "none"]  # after every convolution but the first and the last
    init: Init = "normal_0.02"
