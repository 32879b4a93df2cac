"""Names of feature extractors, and the training of the classifier among them."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import NonNegativeInt, PositiveFloat, PositiveInt, Strict

ExtractorName = Literal["classifier", "digits", "inception"]  # modules of this package
Precision = Literal["fp32", "bf16"]


class ClassifierConfig(Strict):
    """Training of the classifier; its seed is its own, so that experiments with different seeds
    are measured with the same extractor."""

    epochs: PositiveInt
    batch_size: PositiveInt
    threads: PositiveInt  # of one operation; other weights, in the last digits, for another number
    lr: PositiveFloat  # peak learning rate (AdamW)
    seed: NonNegativeInt
