"""Fields of the fully connected networks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganpipe.core.schema import PositiveInt, Probability
from ganpipe.networks.configs.base import Activation, Discriminator, Generator, Init


class MLPGenerator(Generator):
    """Fully connected generator: latent -> hidden... -> pixels, tanh."""

    arch: Literal["mlp"]
    conditioning: Literal["none", "concat"] = "none"
    hidden: list[PositiveInt] = Field(min_length=1)  # units of each hidden layer
    activation: Activation
    batch_norm: bool  # after each hidden layer but the first
    init: Init = "torch"  # initial weights


class MLPDiscriminator(Discriminator):
    """Fully connected discriminator: pixels -> hidden... -> one logit."""

    arch: Literal["mlp"]
    hidden: list[PositiveInt] = Field(min_length=1)
    activation: Activation
    dropout: Probability  # share of hidden units dropped in each pass
    init: Init = "torch"
