"""The record of how figures were measured, kept beside them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from ganpipe import __version__
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.features.config import ExtractorName

PACKAGES = ("numpy", "pillow", "pytorch-fid", "scipy", "torch", "torchvision")


def about_generated(
    config: EvaluateConfig, header: dict[str, Any], rule: str, device: str
) -> dict[str, Any]:
    """Which generator was judged, and how: ``header`` is that of its weights, ``rule`` chose the
    checkpoint."""
    return {
        "num_generated": config.num_generated,
        "quantisation": "uint8, rounded to nearest",
        "weights": header.get("weights", config.weights),  # as the judged file says
        "labels": "as in the training data"
        if header["model"]["generator"]["conditioning"] != "none"
        else "none",
        "checkpoint": config.checkpoint,
        "checkpoint_rule": rule,
        "max_features": config.max_features,
        "device": device,
        "model": header["model_name"],
        "seed": header["seed"],
        "images_seen": header["images_seen"],
    }


def protocol(
    generated: dict[str, Any], compared_with: dict[ExtractorName, dict[str, Any]]
) -> dict[str, Any]:
    """``generated`` says where the judged images come from, ``compared_with`` by extractor what they
    were held against; the versions of what computed the figures are added. Nested dicts, since
    ``dvc metrics`` drops lists."""
    return {
        "generated": generated,
        **{str(name): used for name, used in compared_with.items()},
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of what computes figures, here and now."""
    packages = {name.replace("-", "_"): version(name) for name in PACKAGES}
    return {"ganpipe": __version__, **packages}
