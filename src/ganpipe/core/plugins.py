"""Modules that a parameter chooses by name: one file each in a package, found by convention.

No table lists them, so that a new file changes no other. The stage `check` knows who calls
:func:`load`, and counts only the chosen files among the code of a stage.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

SOURCE = Path(__file__).resolve().parents[2]  # the folder that holds the package ganpipe


def load(package: str, name: str) -> ModuleType:
    """Import the module ``name`` of ``package``, a full name such as ``ganpipe.networks``."""
    return importlib.import_module(f"{package}.{name}")


def names(package: str) -> list[str]:
    """The names of the modules in ``package``, without importing any."""
    folder = SOURCE.joinpath(*package.split("."))
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def source(package: str, name: str) -> str:
    """The text of the module ``name`` of ``package``, which is not imported."""
    return SOURCE.joinpath(*package.split("."), f"{name}.py").read_text(encoding="utf-8")
