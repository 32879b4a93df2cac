"""What params.yaml may say about networks: one class per architecture and side.

Every field is a keyword of the network of the same name; nothing is renamed on the way.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganpipe.schema import PositiveInt, Probability, Strict

Activation = Literal["relu", "leaky_relu"]  # leaky_relu has a slope of 0.2


class MLPGenerator(Strict):
    """Fully connected generator: latent -> hidden... -> pixels, tanh."""

    arch: Literal["mlp"]
    hidden: list[PositiveInt] = Field(min_length=1)  # units of each hidden layer
    activation: Activation
    batch_norm: bool  # after each hidden layer but the first


class MLPDiscriminator(Strict):
    """Fully connected discriminator: pixels -> hidden... -> one logit."""

    arch: Literal["mlp"]
    hidden: list[PositiveInt] = Field(min_length=1)
    activation: Activation
    dropout: Probability  # share of hidden units dropped in every discriminator pass


class DCGANGenerator(Strict):
    """Radford et al. 2016: transposed convolutions, batch norm, ReLU, tanh."""

    arch: Literal["dcgan"]
    width: PositiveInt  # channels before the last layer; doubles with every halving of the side


class DCGANDiscriminator(Strict):
    """Radford et al. 2016: strided convolutions, LeakyReLU 0.2."""

    arch: Literal["dcgan"]
    width: PositiveInt  # channels after the first layer; doubles with every halving of the side
    norm: Literal["batch", "none"]  # after every convolution but the first and the last


GeneratorConfig = Annotated[MLPGenerator | DCGANGenerator, Field(discriminator="arch")]
DiscriminatorConfig = Annotated[MLPDiscriminator | DCGANDiscriminator, Field(discriminator="arch")]
