"""Feature extractors: fixed networks whose features and class scores stand for images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.features.config import ExtractorName, Precision


class Output(NamedTuple):
    """Features and class scores of N images."""

    features: Tensor  # (N, d) float32
    logits: Tensor  # (N, k) float32: unnormalised log probabilities of the network's classes


@dataclass(frozen=True, kw_only=True)
class WeightFiles:
    """Paths of the extractors' weights."""

    classifier: Path  # as the stage `classifier` writes it
    inception: Path | None  # None: the published file


class WeightsError(GanpipeError):
    """Published weights that cannot be obtained or used; an extractor that is trained here needs
    none."""


def arithmetic(precision: Precision) -> str:
    """The end of the name of every figure that was computed so: nothing, or ``_bf16``."""
    return "" if precision == "fp32" else f"_{precision}"


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A network, the names that its figures carry and the record of what it is.

    Each module of this package that is named like an extractor has a function ``open_extractor``
    that takes a :class:`WeightFiles` and a device and returns one.
    """

    name: ExtractorName
    suffix: str  # of its figures' names: "", "_custom" or "_classifier", then "_bf16" in bfloat16
    network: nn.Module  # uint8 (N, C, h, w) -> Output
    width: int  # features of an image
    channels: tuple[int, ...]  # of the images that it takes: 1 grey, 3 RGB
    size: int | None  # pixels a side that it takes; None: any
    protocol: dict[str, Any]  # extractor, sha256 of its weights, how it resizes
    score: str  # the name of exp(mean KL of p(y|x) to p(y)): "score", Inception's "inception_score"
    slow: bool = False  # minutes on a CPU: an interrupted pass is worth keeping (features/memo.py)
    training_share: dict[str, float] | None = None  # of each class, where they are the data's own
    modes: int = 0  # that the logits are of, where those are not classes; 0: they are of none
    precision: Precision = "fp32"  # bf16: autocast, whose figures carry it in their names

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def key(self, metric: str) -> str:
        """``fid`` -> ``fid_classifier``, ``fid_std`` -> ``fid_classifier_std``: two extractors
        never share a name."""
        for part in ("_std", "_floor"):
            if metric.endswith(part):
                return metric.removesuffix(part) + self.suffix + part
        return metric + self.suffix


def outputs(extractor: Extractor, images: Iterable[Tensor], batch_size: int) -> Iterator[Output]:
    """One pass of ``images``, uint8 (n, C, h, w) pieces of any length, through ``extractor``.

    The yield is on the CPU. Raises GanpipeError for images that the extractor does not take, and
    for features that are not finite.
    """
    where = extractor.device
    bf16 = extractor.precision == "bf16"
    for piece in images:
        _check(extractor, piece)
        for batch in piece.split(batch_size):
            with torch.inference_mode(), torch.autocast(where.type, torch.bfloat16, enabled=bf16):
                output = Output(
                    *(part.float().cpu() for part in extractor.network(batch.to(where)))
                )
            if not all(part.isfinite().all() for part in output):
                raise GanpipeError(
                    f"the features of the extractor '{extractor.name}' are not finite (NaN or "
                    "infinity); its weights are damaged or unsuitable: obtain or train them again"
                )
            yield output


def _check(extractor: Extractor, images: Tensor) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise TypeError(f"images must be uint8 (N, C, H, W), not {images.dtype} {images.shape}")
    check_shape(extractor, images.shape[1:])


def check_shape(extractor: Extractor, shape: Sequence[int]) -> None:
    """Raise GanpipeError for images of a ``shape`` (C, H, W) that ``extractor`` does not take."""
    channels, height, width = shape
    if channels not in extractor.channels:
        wanted = " or ".join(map(str, extractor.channels))
        raise GanpipeError(
            f"the extractor '{extractor.name}' takes images of {wanted} channels; these have "
            f"{channels}"
        )
    if extractor.size not in (None, height) or extractor.size not in (None, width):
        raise GanpipeError(
            f"the extractor '{extractor.name}' takes images of {extractor.size} x {extractor.size} "
            f"pixels; these have {width} x {height}"
        )
