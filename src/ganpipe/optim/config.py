"""Optimizer fields of params.yaml: the shared default, and what a model replaces."""

from __future__ import annotations

from collections.abc import Sequence, Set
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
_KINDS = {field for fields in OWN_FIELDS.values() for field in fields}  # that some lack
PLAYERS = ("generator", "discriminator")  # that may have fields of their own
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


def optimizer_name(default: OptimizerConfig, model: PlayerOptimizers, player: str) -> OptimizerName:
    """The optimizer of ``player``, ``generator`` or ``discriminator``."""
    name: OptimizerName = getattr(model, player).name or model.name or default.name
    return name


def foreign_fields(
    default: OptimizerConfig,
    model: PlayerOptimizers,
    players: Sequence[str] = PLAYERS,
) -> list[str]:
    """Say which fields of a model the optimizers of its ``players`` do not have, a sentence
    each."""
    names = {player: optimizer_name(default, model, player) for player in players}
    found: list[str] = []
    for player, name in names.items():
        own = getattr(model, player)
        for field in sorted(_KINDS - OWN_FIELDS[name]):
            of_all = getattr(model, field) is not None
            having = [each for each in players if field in OWN_FIELDS[names[each]]]
            if of_all and having and getattr(own, field) is None:
                place = f"the block of the {having[0]}"
                found.append(f"{name} of the {player} has no {field}; move it to {place}")
            elif of_all or getattr(own, field) is not None:
                found.append(f"{name} has no {field}; leave it out")
    return list(dict.fromkeys(found))


def unused_defaults(default: OptimizerConfig, used: Set[OptimizerName]) -> list[str]:
    """Say which fields of the shared default no optimizer has, a sentence each; ``used`` are those
    of all models.

    The default serves models that take another optimizer as well, so that a field is only refused
    where none of them has it. ``betas`` must always be given.
    """
    fields = {field for name in {default.name, *used} for field in OWN_FIELDS[name]} | {"betas"}
    return [
        f"{default.name} has no {field}, nor has the optimizer of any model; leave it out"
        for field in sorted(_KINDS - fields)
        if getattr(default, field) != OptimizerConfig.model_fields[field].default
    ]
