"""Fields of networks that know the step of a diffusion, and of their discriminators."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganpipe.core.schema import NonNegativeInt, PositiveInt, Strict


class NCSNppDenoiser(Strict):
    """A U-Net of residual blocks, whose norms are steered by z after a mapping network."""

    arch: Literal["ncsnpp"]
    width: PositiveInt  # channels of the first level, in terms of
    multipliers: list[PositiveInt] = Field(min_length=1)  # which others are; each halves the side
    blocks: PositiveInt  # of a level on the way down, and one more on the way up
    # Side in pixels of the level with attention, which also stands at the bottom; 0: there alone.
    attention: NonNegativeInt = 0
    style_dim: PositiveInt  # length of what the mapping network makes of z
    mapping_layers: PositiveInt  # fully connected, from z


class NCSNppDiscriminator(Strict):
    """Residual blocks that see an image and its noisier neighbour."""

    arch: Literal["ncsnpp"]
    width: PositiveInt  # channels after the first layer; doubles up to 4 times as many
