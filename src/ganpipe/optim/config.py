"""Optimizer fields of params.yaml: the shared default, and what a model replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_type_hints

from pydantic import create_model

from ganpipe.core.schema import (
    NonNegativeFloat,
    Probability,
    ProbabilitySchedule,
    ScheduledPositive,
    Strict,
)

OWN_FIELDS = {
    "adam": {"betas", "beta2"},
    "adamw": {"betas", "beta2"},
    "rmsprop": {"alpha"},
    "sgd": {"momentum"},
}
OptimizerName = Literal["adam", "adamw", "rmsprop", "sgd"]


class OptimizerConfig(Strict):
    """An optimizer with all its fields: the shared default, and what a player gets in the end."""

    name: OptimizerName
    lr: ScheduledPositive  # learning rate
    betas: tuple[Probability, Probability]  # of adam, adamw: decay of the moment estimates
    beta2: ProbabilitySchedule | None = None  # in place of the second of betas, where it changes
    momentum: Probability = 0.0  # of sgd
    alpha: Probability = 0.99  # of rmsprop: decay of the mean square
    weight_decay: NonNegativeFloat = 0.0  # decoupled from the gradient in adamw


if TYPE_CHECKING:
    OptimizerFields = Any
else:  # the same fields, each of which may be left out
    OptimizerFields = create_model(
        "OptimizerFields",
        __base__=Strict,
        __doc__="Fields of an optimizer that replace those of the shared default.",
        **{
            name: (kind | None, None)
            for name, kind in get_type_hints(OptimizerConfig, include_extras=True).items()
            if name in OptimizerConfig.model_fields
        },
    )


class PlayerOptimizers(OptimizerFields):
    """A model's own optimizer fields, for all players or for one."""

    generator: OptimizerFields = OptimizerFields()
    discriminator: OptimizerFields = OptimizerFields()


def foreign_fields(default: OptimizerConfig, model: PlayerOptimizers) -> list[str]:
    """Say which fields of a model its optimizers do not have, a sentence each."""
    found: dict[str, str] = {}
    for own in (model.generator, model.discriminator):
        name = own.name or model.name or default.name
        others = {f for fields in OWN_FIELDS.values() for f in fields} - OWN_FIELDS[name]
        given = {f for f in others if getattr(own, f) is not None or getattr(model, f) is not None}
        found |= dict.fromkeys(sorted(given), name)
    return [f"{name} has no {field}; leave it out" for field, name in found.items()]
