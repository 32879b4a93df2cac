"""Fields of the denoising diffusion GAN (Xiao et al. 2022, arXiv:2112.07804)."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from ganpipe.core.schema import (
    NonNegativeFloat,
    PositiveInt,
    ScheduledNonNegative,
    ScheduledProbability,
    Strict,
)
from ganpipe.networks.configs.denoising import NCSNppDenoiser, NCSNppDiscriminator
from ganpipe.optim.config import PlayerOptimizers


class DDGANConfig(Strict):
    """A generator that removes noise in a few steps, and a discriminator of every step."""

    method: Literal["ddgan"]
    steps: PositiveInt = 4  # of the diffusion, and passes of the generator for an image
    latent_dim: PositiveInt  # length of the noise vector z of each step
    generator: NCSNppDenoiser
    discriminator: NCSNppDiscriminator
    r1: ScheduledNonNegative = 0.02  # weight of |gradient|² / 2 at real images; 0: none
    # At every k-th update of the discriminator, not multiplied by k: as `penalties.r1` of other
    # models with the weight r1 / r1_every and penalty_every: r1_every.
    r1_every: PositiveInt = 15
    optimizer: PlayerOptimizers = PlayerOptimizers()  # replaces fields of the shared default
    ema_decay: ScheduledProbability | None = None  # in place of train.ema_decay
    ema_ramp: NonNegativeFloat | None = None  # in place of train.ema_ramp

    @model_validator(mode="after")
    def _makes_sense(self) -> DDGANConfig:
        if self.r1 == 0 and self.r1_every != type(self).model_fields["r1_every"].default:
            raise ValueError(
                "r1_every says how often r1 applies, which is 0; leave it out, or set r1 above 0"
            )
        return self
