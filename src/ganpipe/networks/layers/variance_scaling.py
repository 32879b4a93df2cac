"""Initial weights of a variance that depends on the numbers of inputs and outputs: He et al. 2015
(arXiv:1502.01852), section 2.2, and Glorot and Bengio 2010, in the form of diffusion models."""

from __future__ import annotations

import math
from typing import Literal, TypeVar

from torch import Tensor, nn

NEARLY_0 = 1e-10  # the scale of layers that begin with almost no output

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)
Fan = Literal["average", "out"]


def drawn(layer: Layer, fan: Fan, scale: float = 1.0) -> Layer:
    """``layer`` with uniform weights of the variance ``scale`` / fan and biases of 0; the fan is
    that of the outputs, or the average with that of the inputs (Glorot and Bengio, eq. 16)."""
    inputs, outputs = fans(layer.weight)
    bound = math.sqrt(3 * scale / ((inputs + outputs) / 2 if fan == "average" else outputs))
    nn.init.uniform_(layer.weight, -bound, bound)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def fans(weight: Tensor) -> tuple[int, int]:
    """Inputs and outputs of a weight (out, in, *kernel), each times the pixels of the kernel."""
    outputs, inputs = weight.shape[:2]
    pixels = weight.shape[2:].numel()
    return inputs * pixels, outputs * pixels
