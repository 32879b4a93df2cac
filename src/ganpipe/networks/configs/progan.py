"""Fields of the progressively growing networks (Karras et al. 2018)."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import PositiveInt, Share, Strict
from ganpipe.networks.configs.base import Generator


class ProGANGenerator(Generator):
    """Convolutions of equalised learning rate, pixel norm; no tanh."""

    arch: Literal["progan"]
    conditioning: Literal["none", "concat"] = "none"
    channel_base: PositiveInt  # maps of s x s pixels have channel_base / s channels,
    channel_max: PositiveInt  # but at most these
    growth: Share = (
        0.0  # share of the run after which the whole network is trained; 0: from the start
    )


class ProGANDiscriminator(Strict):
    """Convolutions of equalised learning rate, a minibatch deviation, two linear layers."""

    arch: Literal["progan"]
    conditioning: Literal["none", "concat", "projection", "auxiliary"] = "none"
    channel_base: PositiveInt
    channel_max: PositiveInt
    growth: Share = 0.0  # the generator's
