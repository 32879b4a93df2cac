"""The choice of extractors for a dataset."""

from __future__ import annotations

from pathlib import Path

from ganpipe.evaluation.config import EvaluateConfig, SearchedConfig
from ganpipe.features.config import ExtractorName

DEFAULT_EXTRACTORS: dict[str, list[ExtractorName]] = {
    "mnist": ["classifier"],
    "fashion_mnist": ["classifier"],
    "cifar10": ["inception"],
    "stacked_mnist": ["digits"],
    "folder": ["inception"],
    "pairs": ["inception"],
}


def extractors_for(config: EvaluateConfig, dataset: str) -> list[ExtractorName]:
    """The extractors asked for, or the dataset's default."""
    return DEFAULT_EXTRACTORS[dataset] if config.extractors == "auto" else config.extractors


def snapshot_extractor(config: EvaluateConfig, dataset: str) -> ExtractorName | None:
    """The extractor that scores the snapshots, or None where they are not scored."""
    if config.snapshots.extractor == "none":
        return None
    if config.snapshots.extractor == "auto":
        return extractors_for(config, dataset)[0]
    return config.snapshots.extractor


def needed_extractors(config: EvaluateConfig, dataset: str) -> list[ExtractorName]:
    """The extractors of the final figures, and that of the snapshots where it is another."""
    extra = snapshot_extractor(config, dataset)
    asked = extractors_for(config, dataset)
    return asked if extra is None or extra in asked else [*asked, extra]


def max_searched(config: SearchedConfig, extractor: ExtractorName) -> int:
    """Training images among which ``extractor`` looks for copies, at most."""
    return config.inception if extractor == "inception" else config.classifier


def extractors_in(folder: Path) -> list[str]:
    """The extractors whose statistics of real images lie in ``folder``."""
    return sorted(path.stem for path in folder.glob("*.npz"))
