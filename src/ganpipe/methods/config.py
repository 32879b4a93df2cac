"""Fields of a block under `models` in params.yaml."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag, model_validator

from ganpipe.core.schema import (
    NonNegativeFloat,
    PositiveInt,
    ScheduledProbability,
    Strict,
    refuse,
)
from ganpipe.methods.configs.cyclegan import CycleGANConfig
from ganpipe.methods.configs.ddgan import DDGANConfig
from ganpipe.methods.configs.pix2pix import Pix2PixConfig
from ganpipe.networks.configs import DiscriminatorConfig, GeneratorConfig
from ganpipe.objectives.config import ObjectiveConfig, bounds_gradient, pairs_images
from ganpipe.optim.config import PlayerOptimizers
from ganpipe.sampling.config import Distribution


class ScheduleConfig(Strict):
    """Updates of the discriminator for each update of the generator, and the images of both."""

    n_critic: PositiveInt = 1  # discriminator updates per generator update
    critic_warmup: bool = (
        False  # 100 of them before generator updates 0..24 and every 500th, as in WGAN
    )
    # The generator is updated on new images, and on a new real batch if its loss sees one; false:
    # on those of the discriminator's last update, which saves a pass.
    new_images: bool = False
    generator_batch: PositiveInt = 1  # new images of a generator update, in train.batch_size

    @model_validator(mode="after")
    def _makes_sense(self) -> ScheduleConfig:
        if self.generator_batch > 1 and not self.new_images:
            raise ValueError(
                "generator_batch asks for more images than the discriminator's last update had; "
                "set new_images to true"
            )
        if self.critic_warmup and self.n_critic > 100:
            raise ValueError(
                "critic_warmup asks for 100 discriminator updates, fewer than n_critic; leave it "
                "out"
            )
        return self


class ModelConfig(Strict):
    """One generator against one discriminator (`method: adversarial`)."""

    method: Literal["adversarial"] = "adversarial"
    latent_dim: PositiveInt  # length of the noise vector z
    latent: Distribution = "normal"
    generator: GeneratorConfig
    discriminator: DiscriminatorConfig
    objective: ObjectiveConfig
    schedule: ScheduleConfig = ScheduleConfig()
    optimizer: PlayerOptimizers = PlayerOptimizers()  # replaces fields of the shared default
    ema_decay: ScheduledProbability | None = None  # in place of train.ema_decay
    ema_ramp: NonNegativeFloat | None = None  # in place of train.ema_ramp

    @model_validator(mode="after")
    def _makes_sense(self) -> ModelConfig:
        """Refuse what bounds or differentiates a discriminator that it does not fit.

        minibatch_stddev under a penalty is let through: published recipes have it (Karras et al.
        2018), and one number of the whole batch hardly depends on one image.
        """
        d, objective = self.discriminator, self.objective
        d_batch_norm = getattr(d, "norm", "none") == "batch"
        d_spectral_norm = getattr(d, "spectral_norm", False)
        bounded = any(bounds_gradient(name) for name in objective.penalties)
        conditioned = {self.generator.conditioning != "none", d.conditioning != "none"}
        reasons = {
            "objective.penalties need the gradient of one image's logit, and the discriminator's "
            "batch norm makes it depend on the whole batch; set discriminator.norm to none": (
                bounded and d_batch_norm
            ),
            "objective.penalties need the gradient of one image's logit, and "
            "discriminator.minibatch_discrimination makes it depend on the whole batch; leave out "
            "one": bounded and getattr(d, "minibatch_discrimination", 0) > 0,
            "discriminator.spectral_norm divides by what objective.weight_clip clips; leave out "
            "one": d_spectral_norm and objective.weight_clip > 0,
            "objective.loss wasserstein grows without end where nothing bounds the discriminator's "
            "gradient; add penalties, weight_clip or discriminator.spectral_norm": (
                objective.loss == "wasserstein"
                and not (bounded or objective.weight_clip or d_spectral_norm)
            ),
            "discriminator.norm batch undoes the scale that discriminator.spectral_norm sets; set "
            "it to none": d_spectral_norm and d_batch_norm,
            "generator.conditioning and discriminator.conditioning must both be none, or both take "
            "the class": len(conditioned) == 2,
            "discriminator.conditioning auxiliary and objective.auxiliary, its weights, belong "
            "together; set both or neither": (
                (d.conditioning == "auxiliary") != (objective.auxiliary is not None)
            ),
            "objective.path_length is the length of paths in a space of styles, which "
            f"generator.arch {self.generator.arch} does not have; leave it out": (
                objective.path_length > 0 and not self.generator.has_styles
            ),
            "generator.growth and discriminator.growth disagree on when a size is trained; give "
            "both the same share": (
                getattr(self.generator, "growth", 0.0) != getattr(d, "growth", 0.0)
            ),
            "generator.style_mixing draws second vectors from N(0, 1); set latent to normal": (
                self.latent != "normal" and getattr(self.generator, "style_mixing", 0.0) > 0
            ),
            f"objective.loss {objective.loss} pairs real and generated images, of which there must "
            "be as many; leave out schedule.generator_batch": (
                self.schedule.generator_batch > 1 and pairs_images(objective.loss)
            ),
        }
        refuse(reasons)
        return self


def method(block: Any) -> Any:
    """The method of a block under `models`, plain content or a configuration; messages name the
    field by the name of this function."""
    if isinstance(block, dict):
        return block.get("method", "adversarial")
    return getattr(block, "method", None)


AnyModelConfig = Annotated[
    Annotated[ModelConfig, Tag("adversarial")]
    | Annotated[Pix2PixConfig, Tag("pix2pix")]
    | Annotated[CycleGANConfig, Tag("cyclegan")]
    | Annotated[DDGANConfig, Tag("ddgan")],
    Discriminator(method),
]
