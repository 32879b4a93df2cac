"""Fields that the configurations of all architectures share."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import NonNegativeInt, Strict

Activation = Literal["relu", "leaky_relu"]  # leaky_relu has a negative slope of 0.2
Init = Literal["normal_0.02", "xavier", "orthogonal", "torch"]  # torch: PyTorch's own
Conditioning = Literal["none", "concat"]  # none: no label; concat: it joins the input


class Generator(Strict):
    """Fields of every generator."""

    conditioning: Conditioning = "none"  # needs a dataset with labels


class Discriminator(Strict):
    """Fields of every discriminator."""

    conditioning: Conditioning = "none"  # the generator must be conditioned as well
    spectral_norm: bool = False  # of every weight: bounds its largest singular value by 1
    minibatch_discrimination: NonNegativeInt = 0  # number of kernels; 0: none
    minibatch_stddev: bool = False  # append the batch's mean deviation as a channel
