"""Fields of `objective.augmentation` in params.yaml: one class a kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ganpipe.core.schema import PositiveFloat, PositiveInt, ScheduledShare, Share, Strict

Distribution = Literal["priority", "uniform"]


class Transforms(Strict):
    """How often each transform is drawn, as a multiple of the probability p; 0: never.

    The defaults are the published pipe 'bgc'.
    """

    # Pixels change places.
    flip: Share = 1.0  # mirrored left to right, by a coin
    turn: Share = 1.0  # by 0, 90, 180 or 270 degrees
    shift: Share = 1.0  # by whole pixels, at most an eighth of the side
    # Images are sampled anew.
    scale: Share = 1.0  # by 2^N(0, 0.2)
    rotation: Share = 1.0  # by any angle
    anisotropy: Share = 1.0  # one axis longer by 2^N(0, 0.2), the other shorter
    fractional_shift: Share = 1.0  # by N(0, 1/8) of the side
    # Colours change.
    brightness: Share = 1.0  # N(0, 0.2) added, of a range of 2
    contrast: Share = 1.0  # times 2^N(0, 0.5)
    luma_flip: Share = 1.0  # bright and dark exchanged, by a coin; hues kept
    hue: Share = 1.0  # turned by any angle; none in grey images
    saturation: Share = 1.0  # times 2^N(0, 1); none in grey images
    # Not in the published pipe.
    cutout: Share = 0.0  # a square of half the side becomes middle grey


class AdaConfig(Strict):
    """Adaptive discriminator augmentation (Karras et al. 2020, arXiv:2006.06676)."""

    kind: Literal["ada"]
    transforms: Transforms = Transforms()

    probability: ScheduledShare | None = None  # p; null: adaptive, from 0, by the next three
    target: Annotated[float, Field(gt=-1, lt=1)] = 0.6  # p rises where mean sign(D(x)) is above
    every: PositiveInt = 4  # discriminator updates between changes of p
    images: PositiveInt = 500_000  # over which p moves by 1, if always in one direction

    @model_validator(mode="after")
    def _makes_sense(self) -> AdaConfig:
        if not any(self.transforms.model_dump().values()):
            raise ValueError("all transforms are 0, so nothing is augmented; leave out the block")
        adaptive = {"target": 0.6, "every": 4, "images": 500_000}
        changed = [name for name, default in adaptive.items() if getattr(self, name) != default]
        if self.probability is not None and changed:
            raise ValueError(
                f"{' and '.join(changed)}: for an adaptive probability alone; leave out "
                "probability, or these"
            )
        return self


class DiffusionConfig(Strict):
    """Diffusion of real and generated images (Wang et al. 2023, arXiv:2206.02262)."""

    kind: Literal["diffusion"]
    tell_step: bool = True  # the discriminator sees the step of each image in a channel of its own

    # The chain has T steps, min_steps at first and max_steps where D overfits most.
    min_steps: Annotated[int, Field(ge=2)] = 10
    max_steps: Annotated[int, Field(ge=2)] = 1000
    beta_start: Annotated[float, Field(gt=0, lt=1)] = 0.0001  # of the first of the T steps,
    beta_end: Annotated[float, Field(gt=0, lt=1)] = 0.02  # and of the last
    noise: PositiveFloat = 0.05  # deviation of what takes the place of the image
    # Of the steps that are not 0: priority prefers late ones, uniform none.
    distribution: Distribution = "priority"

    target: Annotated[float, Field(gt=-1, lt=1)] = 0.6  # T rises where mean sign(D(x)) is above
    every: PositiveInt = 4  # discriminator updates between changes of T
    images: PositiveInt = 100_000  # over which T goes from end to end, if always in one direction

    @model_validator(mode="after")
    def _makes_sense(self) -> DiffusionConfig:
        for low, high in (("min_steps", "max_steps"), ("beta_start", "beta_end")):
            least, most = getattr(self, low), getattr(self, high)
            if least > most:
                raise ValueError(f"{low} is {least:g}, above {high}, {most:g}; exchange them")
        return self


AugmentationConfig = Annotated[AdaConfig | DiffusionConfig, Field(discriminator="kind")]
