"""What params.yaml may say about networks: one class per architecture and side.

Every field is a keyword of the network of the same name; nothing is renamed on the way. A field
that a block leaves out is not used.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganpipe.core.schema import NonNegativeInt, PositiveInt, Probability, Strict

Activation = Literal["relu", "leaky_relu"]  # leaky_relu has a slope of 0.2
Init = Literal["normal_0.02", "xavier", "orthogonal", "torch"]  # torch: PyTorch's own


class Discriminator(Strict):
    """What every discriminator can have on top of its architecture."""

    spectral_norm: bool = False  # of every weight: holds the slope near or below 1
    minibatch_discrimination: NonNegativeInt = 0  # kernels that compare the images of a batch
    minibatch_stddev: bool = False  # the batch's mean deviation as one more channel

    @property
    def batch_norm(self) -> bool:
        """Whether it normalises over the batch."""
        return False


class MLPGenerator(Strict):
    """Fully connected generator: latent -> hidden... -> pixels, tanh."""

    arch: Literal["mlp"]
    hidden: list[PositiveInt] = Field(min_length=1)  # units of each hidden layer
    activation: Activation
    batch_norm: bool  # after each hidden layer but the first
    init: Init = "torch"  # initial weights


class MLPDiscriminator(Discriminator):
    """Fully connected discriminator: pixels -> hidden... -> one logit."""

    arch: Literal["mlp"]
    hidden: list[PositiveInt] = Field(min_length=1)
    activation: Activation
    dropout: Probability  # share of hidden units dropped in every discriminator pass
    init: Init = "torch"


class DCGANGenerator(Strict):
    """Radford et al. 2016: transposed convolutions, batch norm, ReLU, tanh."""

    arch: Literal["dcgan"]
    width: PositiveInt  # channels before the last layer; doubles with every halving of the side
    init: Init = "normal_0.02"


class DCGANDiscriminator(Discriminator):
    """Radford et al. 2016: strided convolutions, LeakyReLU 0.2."""

    arch: Literal["dcgan"]
    width: PositiveInt  # channels after the first layer; doubles with every halving of the side
    norm: Literal["batch", "none"]  # after every convolution but the first and the last
    init: Init = "normal_0.02"

    @property
    def batch_norm(self) -> bool:
        return self.norm == "batch"


GeneratorConfig = Annotated[MLPGenerator | DCGANGenerator, Field(discriminator="arch")]
DiscriminatorConfig = Annotated[MLPDiscriminator | DCGANDiscriminator, Field(discriminator="arch")]
