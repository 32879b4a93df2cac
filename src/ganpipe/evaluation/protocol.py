"""The record of how figures were measured, kept beside them, and its hash."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from ganpipe import __version__
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.features.config import ExtractorName
from ganpipe.sampling.pictures import BACK

PACKAGES = ("numpy", "pillow", "pytorch-fid", "scipy", "torch", "torchvision")
DIGEST = "weights_sha256"  # of the evaluated weights; of the way back with its ending
ABOUT_THE_GENERATOR = frozenset(  # not about the method
    {"model", "seed", "images_seen", "labels", DIGEST, f"{DIGEST}_{BACK}"}
)


def about_generated(
    config: EvaluateConfig,
    provenance: dict[str, Any],
    *,
    num: int,
    conditional: bool,
    rule: str,
    device: str,
) -> dict[str, Any]:
    """Record of the generator and how it was evaluated: ``provenance`` is that of its weights,
    ``rule`` chose the checkpoint, ``conditional`` says whether it takes labels."""
    return {
        "num_generated": num,
        "quantisation": "uint8, rounded to nearest",
        "weights": provenance.get("weights", config.weights),  # as the evaluated file says
        "labels": "as in the training data" if conditional else "none",
        "checkpoint": config.checkpoint,
        "checkpoint_rule": rule,
        "max_features": config.max_features,
        "device": device,
        "model": provenance.get("model_name", "not recorded"),
        "seed": provenance.get("seed", "not recorded"),
        "images_seen": provenance.get("images_seen", "not recorded"),
    }


def protocol(
    generated: dict[str, Any], compared_with: dict[ExtractorName, dict[str, Any]]
) -> dict[str, Any]:
    """``generated`` says where the evaluated images come from, ``compared_with`` by extractor which
    real images they were compared with; the versions of what computed the figures are added."""
    return {
        "generated": generated,
        **{str(name): used for name, used in compared_with.items()},
        "versions": versions(),
    }


def protocol_hash(record: dict[str, Any]) -> str:
    """8 hex digits that are equal where figures were measured alike, whatever was measured.

    The model, its weights, its seed, its training and whether it takes labels do not count.
    Versions and the device do, since figures may depend on them.
    """
    about: dict[str, Any] = record["generated"]
    method = {name: about[name] for name in about.keys() - ABOUT_THE_GENERATOR}
    text = json.dumps({**record, "generated": method}, sort_keys=True)
    return sha256(text.encode()).hexdigest()[:8]


def versions() -> dict[str, str]:
    """Versions of the packages that compute figures, as they are installed."""
    packages = {name.replace("-", "_"): version(name) for name in PACKAGES}
    return {"ganpipe": __version__, **packages}
