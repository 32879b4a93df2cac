"""Print the JSON schema of params.yaml: ``ganpipe schema > params.schema.json``."""

from __future__ import annotations

import argparse
import json
from typing import Any


def main(options: argparse.Namespace) -> None:
    """Print the schema."""
    print(json.dumps(schema(), indent=2))


def fill(parser: argparse.ArgumentParser) -> None:
    """Add no option: there is none."""


def schema() -> dict[str, Any]:
    """The JSON schema of params.yaml: fields, types, ranges and choices.

    What only Python checks (combinations of fields, names of losses and models) is not in it, nor
    are docstrings, so that the committed file changes with the fields alone.
    """
    from ganpipe.params import Params

    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    content: dict[str, Any] = _without_prose(Params.model_json_schema())
    return dialect | content


def _without_prose(node: Any) -> Any:
    """A schema without its titles and descriptions; fields of these names are no strings."""
    if isinstance(node, list):
        return [_without_prose(each) for each in node]
    if not isinstance(node, dict):
        return node
    prose = {key for key in ("title", "description") if isinstance(node.get(key), str)}
    return {key: _without_prose(value) for key, value in node.items() if key not in prose}
