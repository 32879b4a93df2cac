"""The JSON schema of params.yaml, as editors read it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from helpers.support import ROOT, run_python
from ruamel.yaml import YAML

FILE = ROOT / "params.schema.json"
SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture
def params() -> Any:
    return YAML(typ="safe").load(ROOT / "params.yaml")


def test_the_file_is_what_the_command_prints() -> None:
    result = run_python("-m", "ganpipe", "schema", cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert result.stdout == FILE.read_text(encoding="utf-8"), (
        "a config changed; run: ganpipe schema > params.schema.json"
    )


def test_editors_find_it() -> None:
    first = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={FILE.name}"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_shipped_parameters_are_valid(params: Any) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(params)] == []


@pytest.mark.parametrize(
    ("block", "name", "value"),
    [
        ([], "sead", 1),
        ([], "seed", -1),
        ([], "seed", "0"),
        ([], "dataset", "mnits"),
        (["train"], "epocs", 5),
        (["train"], "precision", "bf61"),
        (["optimizer"], "betas", [0.5]),
        (["datasets", "mnist"], "fit", "Pad"),
        (["models", "dcgan", "generator"], "wdith", 64),
        (["models", "dcgan", "generator"], "arch", "dcgna"),
        (["models", "mlp", "generator"], "hidden", []),
        (["models", "wgan_gp", "objective", "penalties"], "gradient_penalty", -1),
    ],
)
def test_a_mistake_is_not(params: Any, block: list[str], name: str, value: object) -> None:
    holder = params
    for key in block:
        holder = holder[key]
    holder[name] = value
    assert list(VALIDATOR.iter_errors(params))
