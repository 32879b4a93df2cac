"""What params.yaml may say about optimizers and the training loop."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ganpipe.schema import NonNegativeFloat, PositiveFloat, PositiveInt, Probability, Strict

Side = Literal["generator", "discriminator"]


class OptimizerConfig(Strict):
    """An optimizer with all its fields set."""

    name: Literal["adam"]
    lr: PositiveFloat  # learning rate
    betas: tuple[Probability, Probability]  # decay of the first and second moment estimates


class OptimizerFields(Strict):
    """Fields of the shared default that a model replaces; None keeps the default's."""

    name: Literal["adam"] | None = None
    lr: PositiveFloat | None = None
    betas: tuple[Probability, Probability] | None = None

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
        return default.model_copy(update={**self.changes(), **getattr(self, side).changes()})


class TrainConfig(Strict):
    """The loop's budget, arithmetic and reporting."""

    epochs: PositiveInt  # passes of the discriminator over the training images
    batch_size: Annotated[int, Field(ge=2)]  # real images per discriminator update
    precision: Literal["fp32", "bf16"]  # bf16: autocast in forward and backward, fp32 weights
    device: Literal["auto", "cuda", "mps", "cpu"]  # auto: the first of the three that is there
    deterministic: bool  # only algorithms that give the same bits every time
    ema_decay: Probability  # of the generator's moving average, per generator update; 0: off
    ema_ramp: NonNegativeFloat  # half-life at most this share of the updates so far; 0: no ramp
    log_every: PositiveInt  # generator updates averaged into one row of metrics/train.csv
    snapshot_every: PositiveInt  # epochs between progress grids
