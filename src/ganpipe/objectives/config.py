"""Fields of params.yaml about the game's objective.

A field that a block leaves out is not used. Losses and penalties are files of the folders
``losses`` and ``penalties``, which are looked at and never imported here: the whole of params.yaml
is checked wherever it is read, and a block that is not chosen must import nothing.
"""

from __future__ import annotations

import ast
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ganpipe.core.plugins import names, source
from ganpipe.core.schema import (
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    ScheduledPositive,
    Strict,
    nearest,
    refuse,
)
from ganpipe.objectives.augmentations.config import AugmentationConfig

LOSSES = "ganpipe.objectives.losses"
PENALTIES = "ganpipe.objectives.penalties"


def _is_a_loss(name: str) -> str:
    if name not in (valid := names(LOSSES)):
        raise ValueError(f"there is no loss '{name}'; {nearest(name, valid, 'losses')}")
    return name


def _are_penalties(weights: dict[str, ScheduledPositive]) -> dict[str, ScheduledPositive]:
    valid = names(PENALTIES)
    for name in [name for name in weights if name not in valid]:
        guess = nearest(name, valid, "penalties")
        raise ValueError(f"there is no penalty '{name}'; {guess}")
    return weights


def has_labels(loss: str) -> bool:
    """Whether a loss's file sets ``against``, its form for any labels."""
    return _sets(loss, "against")


def pairs_images(loss: str) -> bool:
    """Whether a loss's file sets ``generator_sees_real``: it compares pairs of images."""
    return _sets(loss, "generator_sees_real")


def sign_tells(loss: str) -> bool:
    """Whether a loss's file sets ``sign_tells`` to True: D(x) is above 0 for real images and below
    for generated ones."""
    values = _values(loss, "sign_tells")
    return any(isinstance(value, ast.Constant) and value.value is True for value in values)


def bounds_gradient(penalty: str) -> bool:
    """Whether a penalty holds down the discriminator's gradient: all do whose files do not set
    ``BOUNDS_GRADIENT`` to False."""
    return "BOUNDS_GRADIENT = False" not in source(PENALTIES, penalty).splitlines()


def _sets(loss: str, keyword: str) -> bool:
    return bool(_values(loss, keyword))


def _values(loss: str, keyword: str) -> list[ast.expr]:
    """Values of a keyword in a loss's file."""
    nodes = ast.walk(ast.parse(source(LOSSES, loss)))
    return [node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == keyword]


class AuxiliaryConfig(Strict):
    """Weights of the cross-entropy of the classes that a discriminator tells.

    Odena et al. 2017 (arXiv:1610.09585) weigh both by 1 and include generated images, which costs
    variety within the classes; the program of Gulrajani et al. 2017 has the values here.
    """

    discriminator: NonNegativeFloat = 1.0
    generator: NonNegativeFloat = 0.1
    on_generated: bool = False  # the discriminator learns the classes of generated images as well


class ObjectiveConfig(Strict):
    """Losses of both sides, and constraints on the discriminator."""

    loss: Annotated[str, AfterValidator(_is_a_loss)]  # a file of losses/

    real_label: Annotated[float, Field(gt=0.5, le=1)] = 1.0  # below 1: one-sided smoothing
    fake_label: Annotated[float, Field(ge=0, lt=0.5)] = 0.0  # above 0 as well: two-sided
    label_flip: Annotated[float, Field(ge=0, lt=0.5)] = 0.0  # share of labels exchanged

    penalties: Annotated[dict[str, ScheduledPositive], AfterValidator(_are_penalties)] = Field(
        default_factory=dict  # weights by files of penalties/
    )
    penalty_every: PositiveInt = 1  # lazily: at every k-th update, k times as strong
    # shared: in the discriminator's updates; own: in an update of its own at every k-th step, for
    # which Adam's fields are corrected
    penalty_turn: Literal["shared", "own"] = "shared"
    weight_clip: NonNegativeFloat = 0.0  # of all discriminator weights; 0: none

    auxiliary: AuxiliaryConfig | None = None  # where discriminator.conditioning is auxiliary
    path_length: NonNegativeFloat = 0.0  # weight of a style generator's path length; 0: none
    path_length_every: PositiveInt = 4  # in an update of its own at every k-th step
    orthogonal: NonNegativeFloat = 0.0  # weight of the generator's orthogonal regularisation

    feature_matching: bool = False  # the generator matches D's mean features, not its verdict
    unrolled_steps: NonNegativeInt = 0  # discriminator updates that the generator looks ahead

    instance_noise: NonNegativeFloat = 0.0  # deviation at first, linearly to 0 at the end
    augment: list[Literal["color", "translation", "cutout"]] = Field(
        default_factory=list  # DiffAugment of real and generated images
    )
    augmentation: AugmentationConfig | None = None  # one whose strength follows D; null: none

    @model_validator(mode="after")
    def _makes_sense(self) -> ObjectiveConfig:
        plain = (self.real_label, self.fake_label, self.label_flip) == (1.0, 0.0, 0.0)
        bounded = any(bounds_gradient(name) for name in self.penalties)
        every = type(self).model_fields["path_length_every"].default
        reasons = {
            f"loss '{self.loss}' has no labels to smooth or flip; leave out real_label, fake_label "
            "and label_flip": not plain and not has_labels(self.loss),
            "fake_label smooths the labels of generated images alone, which draws the generator "
            "towards what it makes already (Salimans et al. 2016, section 3.4); lower real_label "
            "as well, or alone": self.fake_label > 0 and self.real_label == 1,
            "weight_clip and penalties both bound the norm of the discriminator's gradient; leave "
            "out one": self.weight_clip > 0 and bounded,
            "penalty_every says how often penalties apply, and there are none; leave it out, or "
            "add penalties": (self.penalty_every > 1 and not self.penalties),
            "penalty_turn says where penalties apply, and there are none; leave it out, or "
            "add penalties": (self.penalty_turn == "own" and not self.penalties),
            "path_length_every says how often path_length applies, which is 0; leave it out, or "
            "set path_length": self.path_length_every != every and self.path_length == 0,
            "unrolled_steps differentiate the discriminator's updates; leave out penalties, "
            "whose third derivatives that would take, and weight_clip": (
                self.unrolled_steps > 0 and bool(self.penalties or self.weight_clip)
            ),
            "auxiliary weighs what the discriminator says of the classes, and unrolled_steps or "
            "feature_matching replace its verdict; leave out one": (
                self.auxiliary is not None and (self.unrolled_steps > 0 or self.feature_matching)
            ),
            "augment and augmentation both augment what the discriminator sees; leave out one": (
                bool(self.augment) and self.augmentation is not None
            ),
            "unrolled_steps look ahead at the discriminator's verdict, which feature_matching "
            "replaces; leave out one": self.unrolled_steps > 0 and self.feature_matching,
        }
        if self.augmentation and not sign_tells(self.loss) and _follows_sign(self.augmentation):
            others = ", ".join(name for name in names(LOSSES) if sign_tells(name))
            fixed = "set its probability, or " if self.augmentation.kind == "ada" else ""
            reasons[
                f"augmentation '{self.augmentation.kind}' follows the sign of D(x), by which loss "
                f"'{self.loss}' does not tell real images from generated ones; {fixed}take another "
                f"loss ({others})"
            ] = True
        refuse(reasons)
        return self


def _follows_sign(augmentation: AugmentationConfig) -> bool:
    """Whether the strength of an augmentation follows the sign of D(x)."""
    return augmentation.kind == "diffusion" or augmentation.probability is None
