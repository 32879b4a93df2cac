"""What a block under `models` in params.yaml may say."""

from __future__ import annotations

from typing import Literal

from ganpipe.networks.config import DiscriminatorConfig, GeneratorConfig
from ganpipe.objectives.config import ObjectiveConfig
from ganpipe.schema import PositiveInt, Strict
from ganpipe.training.config import OptimizerOverride


class ModelConfig(Strict):
    """One generator against one discriminator (`method: adversary`)."""

    method: Literal["adversary"] = "adversary"
    latent_dim: PositiveInt  # length of the noise vector z
    latent: Literal["normal", "uniform"] = "normal"  # N(0, 1), or U(-1, 1)
    generator: GeneratorConfig
    discriminator: DiscriminatorConfig
    objective: ObjectiveConfig
    optimizer: OptimizerOverride = OptimizerOverride()  # replaces fields of the shared default
