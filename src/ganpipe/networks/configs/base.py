"""Fields that the configurations of all architectures share."""

from __future__ import annotations

from typing import ClassVar, Literal

from ganpipe.core.schema import NonNegativeInt, Strict

Activation = Literal["relu", "leaky_relu"]  # leaky_relu has a negative slope of 0.2
Init = Literal["normal_0.02", "xavier", "orthogonal", "torch"]  # torch: PyTorch's own

# How a side takes the class; the configuration of an architecture narrows it to what there is:
# none: it does not; concat: the class joins the input; batch_norm: it chooses the scale and the
# shift of every norm; embedding: a learned vector of the class joins z; projection: the product of
# a learned vector and the features joins the logit; auxiliary: D also says which class it sees.
GeneratorConditioning = Literal["none", "concat", "batch_norm", "embedding"]
DiscriminatorConditioning = Literal["none", "concat", "projection", "auxiliary"]


class Generator(Strict):
    """Fields of every generator."""

    has_styles: ClassVar[bool] = False  # whether it maps noise to styles, and styles to images

    conditioning: GeneratorConditioning = "none"  # needs a dataset with labels


class Discriminator(Strict):
    """Fields of every discriminator."""

    conditioning: DiscriminatorConditioning = "none"  # the generator must be conditioned as well
    spectral_norm: bool = False  # of every weight: bounds its largest singular value by 1
    minibatch_discrimination: NonNegativeInt = 0  # number of kernels; 0: none
    minibatch_stddev: bool = False  # append the batch's mean deviation as a channel
