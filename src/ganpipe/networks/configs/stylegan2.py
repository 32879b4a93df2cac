"""Fields of the StyleGAN2 networks (Karras et al. 2020)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ganpipe.core.schema import NonNegativeInt, PositiveInt, Strict
from ganpipe.networks.configs.base import Generator


class StyleGAN2Generator(Generator):
    """Mapping network, modulated convolutions, skips; no tanh."""

    has_styles: ClassVar[bool] = True

    arch: Literal["stylegan2"]
    conditioning: Literal["none", "embedding"] = "none"  # embedding: a vector of the class joins z
    channel_base: PositiveInt  # maps of s x s pixels have channel_base / s channels,
    channel_max: PositiveInt  # but at most these
    style_dim: PositiveInt  # length of the style w
    mapping_layers: PositiveInt  # fully connected, from z to w
    style_mixing: Annotated[float, Field(ge=0, le=1)] = 0.0  # share of batches with two styles


class StyleGAN2Discriminator(Strict):
    """Convolutions and low-pass filters, a minibatch deviation, two linear layers."""

    arch: Literal["stylegan2"]
    conditioning: Literal["none", "projection"] = "none"  # projection: onto the mapped class
    channel_base: PositiveInt  # as the generator's
    channel_max: PositiveInt
    residual: bool  # residual connections; the paper's for faces, not its CIFAR-10 configuration
    minibatch_group: NonNegativeInt  # images whose deviation is taken together; 0: none is
    mapping_layers: PositiveInt = 8  # from the class to what is projected onto
