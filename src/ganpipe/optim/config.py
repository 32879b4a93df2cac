"""Optimizer fields of params.yaml: the shared default, and what a model replaces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganpipe.core.schema import NonNegativeFloat, PositiveFloat, Probability, Strict

OWN_FIELDS = {"adam": {"betas"}, "adamw": {"betas"}, "rmsprop": {"alpha"}, "sgd": {"momentum"}}
REQUIRED = ("name", "lr", "betas")  # in the shared default
OptimizerName = Literal["adam", "adamw", "rmsprop", "sgd"]
Share = Annotated[float, Field(ge=0, le=1)]


class OptimizerFields(Strict):
    """Fields of an optimizer; one that is left out is that of the shared default, and one that both
    leave out is the number in its comment."""

    name: OptimizerName | None = None  # required in the shared default
    lr: PositiveFloat | None = None  # learning rate; required in the shared default
    betas: tuple[Probability, Probability] | None = None  # of adam, adamw: decay of the moments
    momentum: Probability | None = None  # of sgd; 0
    alpha: Probability | None = None  # of rmsprop: decay of the mean square; 0.99
    weight_decay: NonNegativeFloat | None = None  # decoupled from the gradient in adamw; 0
    lr_decay_from: Share | None = None  # share of the run from which lr falls linearly to 0; 1


class PlayerOptimizers(OptimizerFields):
    """A model's own optimizer fields, for all players or for one."""

    generator: OptimizerFields = OptimizerFields()
    discriminator: OptimizerFields = OptimizerFields()


def missing_fields(default: OptimizerFields) -> list[str]:
    """Say which required fields the shared default leaves out, a sentence each."""
    return [f"{name}: is missing" for name in REQUIRED if getattr(default, name) is None]


def foreign_fields(default: OptimizerFields, model: PlayerOptimizers) -> list[str]:
    """Say which fields of a model its optimizers do not have, a sentence each."""
    found: dict[str, str] = {}
    for own in (model.generator, model.discriminator):
        name = own.name or model.name or default.name
        if name is None:
            continue
        others = {f for fields in OWN_FIELDS.values() for f in fields} - OWN_FIELDS[name]
        given = {f for f in others if getattr(own, f) is not None or getattr(model, f) is not None}
        found |= dict.fromkeys(sorted(given), name)
    return [f"{name} has no {field}; leave it out" for field, name in found.items()]
