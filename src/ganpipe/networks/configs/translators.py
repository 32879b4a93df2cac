"""Fields of the networks that turn one picture into another, and of their discriminators."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganpipe.core.schema import PositiveInt, Probability, Strict


class UNetTranslator(Strict):
    """Encoder and decoder with a skip connection at every resolution."""

    arch: Literal["unet"]
    width: PositiveInt  # channels after the first layer; doubles up to 8 times as many
    # Halvings of the side, at most as many as bring it to 1 pixel; null: so many, 8 at most.
    depth: Annotated[int, Field(ge=2, le=8)] | None = None
    norm: Literal["instance", "batch"] = "instance"  # batch: running statistics in evaluation
    dropout: Probability = 0.5  # in the first three layers of the decoder that are 8 widths wide


class ResNetTranslator(Strict):
    """Residual blocks at a quarter of the resolution, instance norm."""

    arch: Literal["resnet_translator"]
    width: PositiveInt  # channels after the first layer; four times as many in the blocks
    blocks: PositiveInt | None = None  # null: 6 for sides up to 128 pixels, 9 above


class PatchDiscriminator(Strict):
    """A verdict on every patch of the image."""

    arch: Literal["patch"]
    width: PositiveInt  # channels after the first layer; doubles up to 8 times as many
    # Layers that halve the side: 1, 2, 3, 4, 5 give patches of 16, 34, 70, 142, 286 pixels; 0: each
    # pixel alone.
    layers: Annotated[int, Field(ge=0, le=5)] = 3
    norm: Literal["instance", "batch", "none"] = "instance"


TranslatorConfig = Annotated[UNetTranslator | ResNetTranslator, Field(discriminator="arch")]
