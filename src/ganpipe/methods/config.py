"""What a block under `models` in params.yaml may say."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from ganpipe.core.schema import PositiveInt, Strict
from ganpipe.networks.configs import DiscriminatorConfig, GeneratorConfig
from ganpipe.objectives.config import ObjectiveConfig
from ganpipe.optim.config import OptimizerOverride


class ModelConfig(Strict):
    """One generator against one discriminator (`method: adversary`)."""

    method: Literal["adversary"] = "adversary"
    latent_dim: PositiveInt  # length of the noise vector z
    latent: Literal["normal", "uniform"] = "normal"  # N(0, 1), or U(-1, 1)
    conditional: bool = False  # both sides are told the class; needs a dataset with labels
    generator: GeneratorConfig
    discriminator: DiscriminatorConfig
    objective: ObjectiveConfig
    optimizer: OptimizerOverride = OptimizerOverride()  # replaces fields of the shared default

    @model_validator(mode="after")
    def _makes_sense(self) -> ModelConfig:
        """Refuse what bounds or differentiates a discriminator that it does not fit.

        minibatch_stddev under a penalty is let through: published recipes have it (Karras et al.
        2018), and one number of the whole batch hardly depends on one image.
        """
        d, objective = self.discriminator, self.objective
        reasons = {
            "objective.penalties need the slope of one image's logit, and the discriminator's "
            "batch norm makes it depend on the whole batch; set discriminator.norm to none": (
                bool(objective.penalties) and d.batch_norm
            ),
            "objective.penalties need the slope of one image's logit, and "
            "discriminator.minibatch_discrimination makes it depend on the whole batch; leave out "
            "one": bool(objective.penalties) and d.minibatch_discrimination > 0,
            "discriminator.spectral_norm divides by what objective.weight_clip clips; leave out "
            "one": d.spectral_norm and objective.weight_clip > 0,
            "objective.loss wasserstein grows without end where nothing bounds the discriminator's "
            "slope; add penalties, weight_clip or discriminator.spectral_norm": (
                objective.loss == "wasserstein"
                and not (objective.penalties or objective.weight_clip or d.spectral_norm)
            ),
            "discriminator.norm batch undoes the scale that discriminator.spectral_norm sets; set "
            "it to none": d.spectral_norm and d.batch_norm,
        }
        if found := [reason for reason, applies in reasons.items() if applies]:
            raise ValueError("; ".join(found))
        return self
