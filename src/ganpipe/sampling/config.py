"""Configurations of samplers, which weights files carry."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import PositiveInt, Strict
from ganpipe.data.spec import Domain
from ganpipe.networks.configs import GeneratorConfig

Distribution = Literal["normal", "uniform"]  # N(0, 1), or U(-1, 1)


class NoiseSamplerConfig(Strict):
    """A generator of images from a noise vector, and a label where it is conditioned."""

    kind: Literal["noise"] = "noise"
    generator: GeneratorConfig
    latent_dim: PositiveInt  # length of the noise vector z
    latent: Distribution
    domain: Domain
