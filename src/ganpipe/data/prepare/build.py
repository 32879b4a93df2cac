"""The module that reads a dataset, by name: only the chosen one is imported."""

from __future__ import annotations

from types import ModuleType

from ganpipe.core.plugins import load
from ganpipe.data.catalog import OFFICIAL

PACKAGE = "ganpipe.data.prepare"


def reader_name(dataset: str) -> str:
    """The full name of the module that reads ``dataset``, a key of `datasets`: the reader that the
    catalog names, or for a dataset of the user's own the module of its name."""
    return f"{PACKAGE}.{_module(dataset)}"


def reader(dataset: str) -> ModuleType:
    """The module of that name, imported."""
    return load(PACKAGE, _module(dataset))


def _module(dataset: str) -> str:
    public = OFFICIAL.get(dataset)
    return public.reader if public else dataset
