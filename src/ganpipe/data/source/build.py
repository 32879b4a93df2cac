"""The map of a kind of source, by its name: only the chosen one is imported."""

from __future__ import annotations

from types import ModuleType

from ganpipe.core.plugins import load

PACKAGE = "ganpipe.data.source.kinds"


def kind_name(kind: str) -> str:
    """The full name of the module of a kind."""
    return f"{PACKAGE}.{kind}"


def kind_module(kind: str) -> ModuleType:
    """The module of that name, imported: ``channels`` and ``translate``."""
    return load(PACKAGE, kind)
