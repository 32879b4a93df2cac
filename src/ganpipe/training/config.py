"""Fields of the block `train` in params.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ganpipe.core.schema import NonNegativeFloat, PositiveInt, ScheduledProbability, Strict


class TrainConfig(Strict):
    """The loop's budget, arithmetic and reporting."""

    epochs: PositiveInt  # passes of the discriminator over the training images
    batch_size: Annotated[int, Field(ge=2)]  # real images per discriminator update
    # slices of a batch that are computed one after another, to save memory; each has its own loss,
    # of which an update takes the mean, and its own statistics in batch norm
    accumulate: PositiveInt
    # bf16: autocast in forward and backward, fp32 weights; auto: where the device computes it
    precision: Literal["auto", "fp32", "bf16"]
    device: Literal["auto", "cuda", "mps", "cpu"]  # auto: the first of the three that is there
    # of one operation; other bits for another number, see docs/decisions/010-threads.md
    threads: PositiveInt
    deterministic: bool  # only algorithms that give the same bits every time
    # of the generator's moving average, per generator update; 0: off; a schedule moves half-lives
    ema_decay: ScheduledProbability
    ema_ramp: NonNegativeFloat  # half-life at most this share of the updates so far; 0: no ramp
    log_every: PositiveInt  # generator updates averaged into one row of metrics/train.csv
    snapshot_every: PositiveInt  # epochs between progress grids and kept generators

    @model_validator(mode="after")
    def _slices_are_equal(self) -> TrainConfig:
        whole, most = self.batch_size, self.batch_size // 2
        fitting = [str(n) for n in range(1, most + 1) if whole % n == 0]
        if str(self.accumulate) not in fitting:
            raise ValueError(
                f"accumulate {self.accumulate} does not cut a batch_size of {whole} into equal "
                f"slices of at least 2 images; set it to {' or '.join(fitting)}"
            )
        return self
