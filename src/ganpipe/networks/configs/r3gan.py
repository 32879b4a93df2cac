"""Fields of the R3GAN networks (Huang et al. 2024)."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import PositiveInt, Strict
from ganpipe.networks.configs.base import Generator


class Residual(Strict):
    """Fields of both networks: stages of residual blocks around grouped convolutions."""

    width: PositiveInt  # channels between blocks, for maps of up to widest_side pixels a side
    widest_side: PositiveInt = 32  # the width halves with every doubling above
    blocks: PositiveInt  # of a stage, each of three convolutions
    expansion: PositiveInt = 2  # factor on the width within a block
    # Channels of a group of the 3 x 3 convolution within a block; the paper's cardinality is
    # expansion * width / group_width.
    group_width: PositiveInt = 16


class R3GANGenerator(Residual, Generator):
    """A learned basis, residual blocks, bilinear upsampling; no norm, no tanh."""

    arch: Literal["r3gan"]
    conditioning: Literal["none", "concat", "embedding"] = "none"


class R3GANDiscriminator(Residual):
    """Residual blocks, bilinear downsampling; no norm."""

    arch: Literal["r3gan"]
    conditioning: Literal["none", "concat", "projection", "auxiliary"] = "none"
