"""Weights files of generators that were never trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganpipe.data.spec import DataSpec
from ganpipe.methods.build import build_method
from ganpipe.sampling.trained import save_sampler
from helpers.support import small_model, spec_of


def saved(path: Path, name: str = "dcgan", spec: DataSpec | None = None, **provenance: Any) -> Path:
    """``path``, with the initial generator of a shipped model, shrunk, of the seed 3."""
    model = small_model(name)
    (sampler,) = build_method(model, spec or spec_of(), seed=3).samplers().values()
    about = {
        "model_name": name,
        "model": model.model_dump(mode="json"),
        "seed": 3,
        "images_seen": 0,
        "weights": "ema",
    }
    save_sampler(path, sampler, about | provenance)
    return path
