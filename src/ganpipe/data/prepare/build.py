"""The module that reads a dataset, by name: only the chosen one is imported."""

from __future__ import annotations

import importlib
from types import ModuleType

from ganpipe.data.catalog import OFFICIAL


def reader_name(dataset: str) -> str:
    """The full name of the module that reads ``dataset``, a key of `datasets`: the reader that the
    catalog names, or for a dataset of the user's own the module of its name."""
    public = OFFICIAL.get(dataset)
    return f"ganpipe.data.prepare.{public.reader if public else dataset}"


def reader(dataset: str) -> ModuleType:
    """The module of that name, imported."""
    return importlib.import_module(reader_name(dataset))
