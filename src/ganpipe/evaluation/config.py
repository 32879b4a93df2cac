"""The block ``evaluate`` of params.yaml."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ganpipe.core.schema import PositiveInt, Strict
from ganpipe.features.config import ClassifierConfig, ExtractorName, Precision

BatchNorm = Literal["running", "standing"]


class SearchedConfig(Strict):
    """Training images among which copies are looked for, at most; a pass through Inception is
    expensive, one through the classifier is not."""

    classifier: PositiveInt
    inception: PositiveInt


class SnapshotsConfig(Strict):
    """The curve of FID over training, and the choice of the best snapshot."""

    extractor: Literal["auto", ExtractorName, "none"]  # auto: the first of the extractors
    num_generated: Annotated[int, Field(ge=2)]  # images of each snapshot, all from the same noise


class EvaluateConfig(Strict):
    """Metrics, numbers of images and extractors."""

    extractors: Literal["auto"] | Annotated[list[ExtractorName], Field(min_length=1)]
    num_generated: Annotated[int, Field(ge=2)]  # images drawn from the generator
    num_reference: Annotated[int, Field(ge=2)]  # real images, at most what the split holds
    split: Literal["train", "test"]  # which real images are the reference
    weights: Literal["ema", "raw"]  # which generator is evaluated
    checkpoint: Literal["last", "best"]  # best: the snapshot with the lowest FID
    snapshots: SnapshotsConfig
    batch_norm: BatchNorm  # the generator's statistics: training's, or anew
    inception_weights: str | None  # a file for pytorch-fid's network in place of the published
    batch_size: PositiveInt  # images per pass through an extractor
    precision: Precision  # of the extractors; bf16 figures are named apart: fid_bf16
    max_features: Annotated[int, Field(ge=2)]  # images a side for KID and neighbours, at most
    max_searched: SearchedConfig
    fid_infinity: bool  # also FID extrapolated to infinitely many images
    classifier: ClassifierConfig

    @model_validator(mode="after")
    def _snapshots_hold_averages(self) -> EvaluateConfig:
        unscored = self.weights == "raw" or self.snapshots.extractor == "none"
        if self.checkpoint == "best" and unscored:
            raise ValueError("checkpoint best needs weights ema and a snapshots.extractor")
        return self


def unfit(extractors: Collection[str], dataset: str) -> str:
    """Reason why one of ``extractors`` knows nothing of ``dataset``; empty where all fit."""
    stacked = dataset == "stacked_mnist"
    if stacked and "classifier" in extractors:
        return (
            "the images of stacked_mnist have no classes, so that classifier cannot learn them; "
            "name digits, which knows their modes"
        )
    if "digits" in extractors and not stacked:
        return (
            f"digits knows the modes of stacked_mnist, not {dataset}; name classifier or inception"
        )
    return ""
