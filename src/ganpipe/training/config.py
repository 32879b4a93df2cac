"""Fields of the block `train` in params.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganpipe.core.schema import NonNegativeFloat, PositiveInt, Probability, Strict


class TrainConfig(Strict):
    """The loop's budget, arithmetic and reporting."""

    epochs: PositiveInt  # passes of the discriminator over the training images
    batch_size: Annotated[int, Field(ge=2)]  # real images per discriminator update
    # bf16: autocast in forward and backward, fp32 weights; auto: where the device computes it
    precision: Literal["auto", "fp32", "bf16"]
    device: Literal["auto", "cuda", "mps", "cpu"]  # auto: the first of the three that is there
    # of one operation; other bits for another number, see docs/decisions/010-threads.md
    threads: PositiveInt
    deterministic: bool  # only algorithms that give the same bits every time
    ema_decay: Probability  # of the generator's moving average, per generator update; 0: off
    ema_ramp: NonNegativeFloat  # half-life at most this share of the updates so far; 0: no ramp
    log_every: PositiveInt  # generator updates averaged into one row of metrics/train.csv
    snapshot_every: PositiveInt  # epochs between progress grids and kept generators
