"""The configuration of a sampler that translates."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import Strict
from ganpipe.data.spec import Domain
from ganpipe.networks.configs.translators import TranslatorConfig

Direction = Literal["a_to_b", "b_to_a"]  # from the source to the target, or back


class TranslateSamplerConfig(Strict):
    """A network from pictures of one domain to pictures of another."""

    kind: Literal["translate"] = "translate"
    generator: TranslatorConfig
    direction: Direction
    given: Domain  # what it translates
    domain: Domain  # what it makes of it
