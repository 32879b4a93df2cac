"""What params.yaml may say about evaluation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganpipe.schema import NonNegativeInt, PositiveFloat, PositiveInt, Strict

RulerName = Literal["classifier", "inception"]

DEFAULT_RULERS: dict[str, list[RulerName]] = {
    "mnist": ["classifier"],
    "fashion_mnist": ["classifier"],
    "cifar10": ["inception"],
    "folder": ["inception"],
}


class ExtractorConfig(Strict):
    """Training of the classifier that judges; its seed is its own, so that experiments with
    different seeds are measured with the same ruler."""

    epochs: PositiveInt
    batch_size: PositiveInt
    lr: PositiveFloat  # peak learning rate (AdamW)
    seed: NonNegativeInt


class EvaluateConfig(Strict):
    """What is measured, on how many images, with which rulers."""

    rulers: Literal["auto"] | Annotated[list[RulerName], Field(min_length=1)]
    num_generated: Annotated[int, Field(ge=2)]  # images drawn from the generator
    num_reference: Annotated[int, Field(ge=2)]  # real images, at most what the split holds
    split: Literal["train", "test"]  # which real images are the reference
    weights: Literal["ema", "raw"]  # which generator is judged
    inception_weights: str | None  # a file for pytorch-fid's network in place of the published
    batch_size: PositiveInt  # images per pass through a ruler
    extractor: ExtractorConfig

    def rulers_for(self, dataset: str) -> list[RulerName]:
        """The rulers asked for, or the dataset's default."""
        return DEFAULT_RULERS[dataset] if self.rulers == "auto" else self.rulers
