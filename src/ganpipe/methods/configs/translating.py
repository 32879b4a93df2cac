"""Fields that all methods share that translate pictures."""

from __future__ import annotations

from ganpipe.core.schema import NonNegativeFloat, ScheduledProbability, Strict
from ganpipe.data.source.config import SourceConfig
from ganpipe.networks.configs.translators import PatchDiscriminator, TranslatorConfig
from ganpipe.optim.config import PlayerOptimizers


class TranslatingConfig(Strict):
    """A model that starts from pictures, in place of noise."""

    source: SourceConfig  # what it translates from
    generator: TranslatorConfig
    discriminator: PatchDiscriminator | None
    optimizer: PlayerOptimizers = PlayerOptimizers()  # replaces fields of the shared default
    ema_decay: ScheduledProbability | None = None  # in place of train.ema_decay
    ema_ramp: NonNegativeFloat | None = None  # in place of train.ema_ramp
