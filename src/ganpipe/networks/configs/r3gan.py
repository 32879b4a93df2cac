"""Fields of the R3GAN networks (Huang et al. 2024)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from ganpipe.core.schema import PositiveInt, Strict
from ganpipe.networks.configs.base import Generator


class Residual(Strict):
    """Fields of both networks: stages of residual blocks around grouped convolutions."""

    width: PositiveInt  # channels between blocks, for maps of up to widest_side pixels a side
    widest_side: PositiveInt = 32  # the width halves with every doubling above
    blocks: PositiveInt  # of a stage, each of three convolutions
    cardinality: PositiveInt  # groups of a 3 x 3 convolution at the full width; they halve with it
    expansion: PositiveInt = 2  # factor on the width within a block

    @model_validator(mode="after")
    def _groups_are_equal(self) -> Self:
        if (inner := self.expansion * self.width) % self.cardinality:
            raise ValueError(
                f"cardinality {self.cardinality} does not divide the {inner} channels of a block, "
                "expansion times width, into equal groups; set it to a divisor"
            )
        return self


class R3GANGenerator(Residual, Generator):
    """A learned basis, residual blocks, bilinear upsampling; no norm, no tanh."""

    arch: Literal["r3gan"]
    conditioning: Literal["none", "concat", "embedding"] = "none"


class R3GANDiscriminator(Residual):
    """Residual blocks, bilinear downsampling; no norm."""

    arch: Literal["r3gan"]
    conditioning: Literal["none", "concat", "projection", "auxiliary"] = "none"
