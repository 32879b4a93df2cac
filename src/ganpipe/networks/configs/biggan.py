"""Fields of the BigGAN networks (Brock et al. 2019)."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from ganpipe.core.schema import NonNegativeInt, PositiveInt, refuse
from ganpipe.networks.configs.base import Discriminator, Generator, Init


class BigGANGenerator(Generator):
    """Residual blocks that double the side, batch norm, ReLU, tanh."""

    arch: Literal["biggan"]
    conditioning: Literal["none", "concat", "batch_norm"] = "none"
    width: PositiveInt  # channels before the last layer; more inside beyond 32 pixels
    attention: NonNegativeInt = 0  # side in pixels of the map that it is applied to; 0: none
    shared_embedding: NonNegativeInt = 0  # numbers that stand for a class in all norms; 0: tables
    hierarchical: bool = False  # a part of z goes to each block's norms
    spectral_norm: bool = False  # of every weight but embeddings
    init: Init = "orthogonal"

    @model_validator(mode="after")
    def _makes_sense(self) -> BigGANGenerator:
        reasons = {
            "shared_embedding is what norms see of the class; set conditioning to batch_norm": (
                self.shared_embedding > 0 and self.conditioning != "batch_norm"
            ),
            "hierarchical joins parts of z to the shared embedding of the class; set "
            "shared_embedding": self.hierarchical and not self.shared_embedding,
        }
        refuse(reasons)
        return self


class BigGANDiscriminator(Discriminator):
    """Residual blocks that halve the side, ReLU, sum over the pixels."""

    arch: Literal["biggan"]
    width: PositiveInt  # channels after the first block; more inside beyond 32 pixels
    attention: NonNegativeInt = 0  # side in pixels of the map that it is applied to; 0: none
    init: Init = "orthogonal"
