"""What params.yaml may say about the game's objective.

A field that a block leaves out is not used.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ganpipe.core.schema import (
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Strict,
    nearest,
)
from ganpipe.objectives.losses import LOSSES, AdversarialLoss
from ganpipe.objectives.penalties import PENALTIES


def _is_a_loss(name: str) -> str:
    if name not in LOSSES:
        raise ValueError(f"there is no loss '{name}'; {nearest(name, list(LOSSES), 'losses')}")
    return name


def _are_penalties(weights: dict[str, float]) -> dict[str, float]:
    for name in [name for name in weights if name not in PENALTIES]:
        guess = nearest(name, list(PENALTIES), "penalties")
        raise ValueError(f"there is no penalty '{name}'; {guess}")
    return weights


class ObjectiveConfig(Strict):
    """Losses of both sides, and constraints on the discriminator."""

    loss: Annotated[str, AfterValidator(_is_a_loss)]  # a name of losses.py
    real_label: Annotated[float, Field(gt=0.5, le=1)] = 1.0  # below 1: one-sided smoothing
    fake_label: Annotated[float, Field(ge=0, lt=0.5)] = 0.0  # above 0 as well: two-sided
    label_flip: Annotated[float, Field(ge=0, lt=0.5)] = 0.0  # share of labels exchanged

    penalties: Annotated[dict[str, PositiveFloat], AfterValidator(_are_penalties)] = Field(
        default_factory=dict  # weights by names of penalties.py
    )
    penalty_every: PositiveInt = 1  # lazily: at every k-th update, k times as strong
    weight_clip: NonNegativeFloat = 0.0  # of all discriminator weights; 0: none

    feature_matching: bool = False  # the generator matches D's mean features, not its verdict
    unrolled_steps: NonNegativeInt = 0  # discriminator updates that the generator looks ahead

    instance_noise: NonNegativeFloat = 0.0  # deviation at first, linearly to 0 at the end
    augment: list[Literal["color", "translation", "cutout"]] = Field(
        default_factory=list  # DiffAugment of real and generated images
    )

    @property
    def adversarial(self) -> AdversarialLoss:
        """The functions of ``loss``."""
        return LOSSES[self.loss]

    @property
    def plain_labels(self) -> bool:
        """Whether labels are 1 for every real image and 0 for every generated one."""
        return (self.real_label, self.fake_label, self.label_flip) == (1.0, 0.0, 0.0)

    @model_validator(mode="after")
    def _makes_sense(self) -> ObjectiveConfig:
        reasons = {
            f"loss '{self.loss}' has no labels to smooth or flip; leave out real_label, fake_label "
            "and label_flip": not self.plain_labels and self.adversarial.against is None,
            "fake_label smooths the labels of generated images alone, which draws the generator "
            "towards what it makes already (Salimans et al. 2016, section 3.4); lower real_label "
            "as well, or alone": self.fake_label > 0 and self.real_label == 1,
            "weight_clip and penalties both bound the discriminator's slope; leave out one": (
                self.weight_clip > 0 and bool(self.penalties)
            ),
            "penalty_every says how often penalties apply, and there are none": (
                self.penalty_every > 1 and not self.penalties
            ),
            "unrolled_steps differentiate the discriminator's updates; leave out penalties, "
            "whose third derivatives that would take, and weight_clip": (
                self.unrolled_steps > 0 and bool(self.penalties or self.weight_clip)
            ),
            "unrolled_steps look ahead at the discriminator's verdict, which feature_matching "
            "replaces; leave out one": self.unrolled_steps > 0 and self.feature_matching,
        }
        if found := [reason for reason, applies in reasons.items() if applies]:
            raise ValueError("; ".join(found))
        return self
