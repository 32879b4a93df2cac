"""Print the JSON schema of params.yaml: ``ganpipe schema > params.schema.json``."""

from __future__ import annotations

import argparse
import json


def main(options: argparse.Namespace) -> None:
    """Print the schema."""
    print(schema())


def fill(parser: argparse.ArgumentParser) -> None:
    """Add no option: there is none."""


def schema() -> str:
    """The JSON schema of params.yaml, as text.

    What only Python checks (combinations of fields, names of losses and models) is not in it.
    """
    from ganpipe.params import Params

    content = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Params.model_json_schema(),
    }
    return json.dumps(content, indent=2)
