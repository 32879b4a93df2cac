"""Fields of pix2pix (Isola et al. 2017, arXiv:1611.07004)."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from ganpipe.core.schema import NonNegativeFloat, refuse
from ganpipe.methods.configs.translating import TranslatingConfig
from ganpipe.networks.configs.translators import PatchDiscriminator
from ganpipe.optim.config import OptimizerFields


class Pix2PixConfig(TranslatingConfig):
    """A translator that learns from pairs, and a discriminator of patches."""

    method: Literal["pix2pix"]
    discriminator: PatchDiscriminator | None = None  # null: L1 alone
    l1: NonNegativeFloat = 100.0  # weight of the mean distance to the truth; 0: the game alone
    conditional: bool = True  # the discriminator sees the source beside the image

    @model_validator(mode="after")
    def _makes_sense(self) -> Pix2PixConfig:
        reasons = {
            "source.paired must be true: pix2pix learns from pairs; cyclegan needs none": (
                not self.source.paired
            ),
            "optimizer.discriminator is for a discriminator, which the model does not have; leave "
            "it out, or give the model one": (
                self.discriminator is None and self.optimizer.discriminator != OptimizerFields()
            ),
            "conditional says what the discriminator sees, and there is none; leave it out, or "
            "give the model one": self.discriminator is None and not self.conditional,
            "the model has nothing to learn from; set l1 above 0, or give it a discriminator": (
                self.discriminator is None and self.l1 == 0
            ),
        }
        refuse(reasons)
        return self
