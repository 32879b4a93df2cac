"""Configurations of samplers, which weights files carry, and of the stage `sample`."""

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


class SampleConfig(Strict):
    """The pictures of the stage `sample`."""

    rows: PositiveInt  # of a conditioned sampler a row for each of the first 20 classes instead
    columns: PositiveInt
    interpolation_steps: PositiveInt  # images from one latent point to the next, ends included
