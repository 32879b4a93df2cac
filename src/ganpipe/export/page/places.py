"""Parameters without the places of files on a machine."""

from __future__ import annotations

from typing import Any

PLACES = {"path": "YOUR_FOLDER", "inception_weights": "YOUR_FILE"}  # names of fields


def without_places(value: Any, name: str = "") -> Any:
    """The value of a parameter, which is the last part of ``name``, with a placeholder for every
    place of the user's own files."""
    field = name.rpartition(".")[2]
    if isinstance(value, dict):
        return {key: without_places(each, key) for key, each in value.items()}
    return PLACES[field] if field in PLACES and isinstance(value, str) else value
