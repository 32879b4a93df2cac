"""What params.yaml may say about evaluation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ganpipe.schema import NonNegativeInt, PositiveFloat, PositiveInt, Strict

RulerName = Literal["classifier", "inception"]
Precision = Literal["fp32", "bf16"]

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


class SearchedConfig(Strict):
    """Training images among which copies are looked for, at most; a pass through Inception is
    dear, one through the classifier is not."""

    classifier: PositiveInt
    inception: PositiveInt

    def of(self, ruler: RulerName) -> int:
        """The number for one ruler."""
        return self.classifier if ruler == "classifier" else self.inception


class SnapshotsConfig(Strict):
    """The curve of FID over training, and the choice of the best snapshot."""

    ruler: Literal["auto", "classifier", "inception", "none"]  # auto: the first of the rulers
    num_generated: Annotated[int, Field(ge=2)]  # images of each snapshot, all from the same noise


class EvaluateConfig(Strict):
    """What is measured, on how many images, with which rulers."""

    rulers: Literal["auto"] | Annotated[list[RulerName], Field(min_length=1)]
    num_generated: Annotated[int, Field(ge=2)]  # images drawn from the generator
    num_reference: Annotated[int, Field(ge=2)]  # real images, at most what the split holds
    split: Literal["train", "test"]  # which real images are the reference
    weights: Literal["ema", "raw"]  # which generator is judged
    checkpoint: Literal["last", "best"]  # best: the snapshot with the lowest FID
    snapshots: SnapshotsConfig
    inception_weights: str | None  # a file for pytorch-fid's network in place of the published
    batch_size: PositiveInt  # images per pass through a ruler
    precision: Precision  # of the rulers; bf16 figures are named apart: fid_bf16
    max_features: Annotated[int, Field(ge=2)]  # images a side for KID and neighbours, at most
    max_searched: SearchedConfig
    fid_infinity: bool  # also FID extrapolated to infinitely many images
    extractor: ExtractorConfig

    @model_validator(mode="after")
    def _snapshots_hold_averages(self) -> EvaluateConfig:
        unscored = self.weights == "raw" or self.snapshots.ruler == "none"
        if self.checkpoint == "best" and unscored:
            raise ValueError("checkpoint best needs weights ema and a snapshots.ruler")
        return self

    def snapshot_ruler(self, dataset: str) -> RulerName | None:
        """The ruler that scores the snapshots, or None where they are not scored."""
        if self.snapshots.ruler == "none":
            return None
        if self.snapshots.ruler == "auto":
            return self.rulers_for(dataset)[0]
        return self.snapshots.ruler

    def needed_rulers(self, dataset: str) -> list[RulerName]:
        """The rulers that judge, and the one that scores the snapshots where it is another."""
        extra = self.snapshot_ruler(dataset)
        asked = self.rulers_for(dataset)
        return asked if extra is None or extra in asked else [*asked, extra]

    def rulers_for(self, dataset: str) -> list[RulerName]:
        """The rulers asked for, or the dataset's default."""
        return DEFAULT_RULERS[dataset] if self.rulers == "auto" else self.rulers
