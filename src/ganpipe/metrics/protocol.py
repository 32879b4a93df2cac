"""The record of how figures were measured, kept beside them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from ganpipe.metrics.config import RulerName

PACKAGES = ("numpy", "pytorch-fid", "torch", "torchvision")


def protocol(
    generated: dict[str, Any], references: dict[RulerName, dict[str, Any]]
) -> dict[str, Any]:
    """``generated`` says where the judged images come from, ``references`` by ruler what they were
    compared with; the versions of what computed the figures are added."""
    return {
        "generated": generated,
        **{str(name): used for name, used in references.items()},
        "versions": {name.replace("-", "_"): version(name) for name in PACKAGES},
    }
