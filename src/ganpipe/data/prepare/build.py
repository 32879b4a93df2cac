"""The module that reads a dataset, by name: only the chosen one is imported."""

from __future__ import annotations

from types import ModuleType

from ganpipe.core.plugins import load
from ganpipe.data.catalog import MADE_FROM, OFFICIAL

PACKAGE = "ganpipe.data.prepare"


def reader_names(dataset: str) -> list[str]:
    """The full names of the modules that read ``dataset``, a key of `datasets`: the reader that the
    catalog names, or the module of the dataset's name; and, if it is made from another, that one's.
    """
    read = [dataset, *([MADE_FROM[dataset]] if dataset in MADE_FROM else [])]
    return [f"{PACKAGE}.{_module(each)}" for each in read]


def reader(dataset: str) -> ModuleType:
    """The first of these modules, imported."""
    return load(PACKAGE, _module(dataset))


def _module(dataset: str) -> str:
    public = OFFICIAL.get(dataset)
    return public.reader if public else dataset
