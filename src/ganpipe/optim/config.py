"""Optimizer fields of params.yaml, shared and per side."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ganpipe.core.schema import NonNegativeFloat, PositiveFloat, Probability, Strict

Side = Literal["generator", "discriminator"]
SIDES: tuple[Side, Side] = ("generator", "discriminator")
OptimizerName = Literal["adam", "adamw", "rmsprop", "sgd"]
OWN_FIELDS = {"adam": {"betas"}, "adamw": {"betas"}, "rmsprop": {"alpha"}, "sgd": {"momentum"}}
Share = Annotated[float, Field(ge=0, le=1)]


class OptimizerConfig(Strict):
    """An optimizer with all its fields set."""

    name: OptimizerName
    lr: PositiveFloat  # learning rate
    betas: tuple[Probability, Probability]  # decay of the first and second moment estimates
    momentum: Probability = 0.0  # of sgd
    alpha: Probability = 0.99  # of rmsprop: decay of the mean square
    weight_decay: NonNegativeFloat = 0.0  # decoupled from the gradient in adamw
    lr_decay_from: Share = 1.0  # share of the run after which lr falls linearly to 0; 1: never

    def lr_at(self, progress: float) -> float:
        """The learning rate after a share ``progress`` of the run."""
        if progress <= self.lr_decay_from:
            return self.lr
        return self.lr * (1 - progress) / (1 - self.lr_decay_from)


class OptimizerFields(Strict):
    """Fields of the shared default that a model replaces; None keeps the default's."""

    name: OptimizerName | None = None
    lr: PositiveFloat | None = None
    betas: tuple[Probability, Probability] | None = None
    momentum: Probability | None = None
    alpha: Probability | None = None
    weight_decay: NonNegativeFloat | None = None
    lr_decay_from: Share | None = None

    def changes(self) -> dict[str, Any]:
        """The fields that are set."""
        names = OptimizerConfig.model_fields
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class OptimizerOverride(OptimizerFields):
    """A model's own optimizer fields, for both sides or for one."""

    generator: OptimizerFields = OptimizerFields()
    discriminator: OptimizerFields = OptimizerFields()

    def resolve(self, default: OptimizerConfig, side: Side) -> OptimizerConfig:
        """The optimizer of ``side``: its own fields, then the model's, then the default's."""
        return default.model_copy(update=self._changes(side))

    def both(self, default: OptimizerConfig) -> dict[Side, OptimizerConfig]:
        """The optimizers of both sides."""
        return {side: self.resolve(default, side) for side in SIDES}

    def mistakes(self, default: OptimizerConfig) -> list[str]:
        """Fields that the optimizer which they end up in does not have, in words."""
        found: dict[str, OptimizerName] = {}
        for side, config in self.both(default).items():
            name = config.name
            others = {f for fields in OWN_FIELDS.values() for f in fields} - OWN_FIELDS[name]
            found |= {field: name for field in self._changes(side) if field in others}
        return [f"{name} has no {field}; leave it out" for field, name in found.items()]

    def _changes(self, side: Side) -> dict[str, Any]:
        return {**self.changes(), **getattr(self, side).changes()}
