"""A stage runs with the code that is listed for it and no other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers.support import ROOT, run_python

IMPORT = """
import stages
from ganpipe.core import guard
from ganpipe.core.command import run
def main():
    guard.install("download")
    import {module}
run(main)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the shipped parameters in which `check` has run."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "data" / "images").mkdir(parents=True)
    result = python(tmp_path, "-m", "stages.check")
    assert "the parameters are well-formed" in result
    return tmp_path


def python(place: Path, *arguments: str, code: int = 0) -> str:
    """What ``python ARGUMENTS`` says; ``code`` is the exit status that it must have."""
    result = run_python(*arguments, cwd=place, PYTHONPATH=str(ROOT), GANPIPE_OFFLINE="1")
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout + result.stderr


def edit(place: Path, change: dict[str, str | None]) -> Path:
    """Change or remove entries of the list of `download`."""
    path = place / "data" / "code" / "download.json"
    content: dict[str, Any] = json.loads(path.read_text())
    for name, digest in change.items():
        del content["code"][name]
        if digest is not None:
            content["code"][name] = digest
    path.write_text(json.dumps(content))
    return path


def test_a_stage_started_by_hand_works(place: Path) -> None:
    assert "offline" in python(place, "-m", "stages.download", code=1).lower()


@pytest.mark.parametrize(
    "name",
    ["stages/download.py", "src/ganpipe/data/acquire/collect.py", "src/ganpipe/data/spec.py"],
)
def test_a_file_that_is_not_listed_is_refused(place: Path, name: str) -> None:
    edit(place, {name: None})
    said = python(place, "-m", "stages.download", code=1)
    assert f"the stage download imports {name}, which data/code/download.json does not list" in said
    assert "run `dvc repro`" in said


def test_a_file_that_has_changed_is_refused(place: Path) -> None:
    edit(place, {"src/ganpipe/data/acquire/collect.py": "0" * 64})
    said = python(place, "-m", "stages.download", code=1)
    assert "src/ganpipe/data/acquire/collect.py has changed since it was listed" in said
    assert "run `dvc repro`" in said


def test_a_list_that_is_missing_or_damaged_is_named(place: Path) -> None:
    path = edit(place, {})
    path.write_text("{")
    assert "data/code/download.json is damaged" in python(place, "-m", "stages.download", code=1)
    path.unlink()
    said = python(place, "-m", "stages.download", code=1)
    assert "data/code/download.json, the list of the code" in said
    assert "run `dvc repro check`" in said


@pytest.mark.parametrize(
    ("module", "file"),
    [
        ("ganpipe.metrics.kid", "src/ganpipe/metrics/kid.py"),
        ("ganpipe.objectives.losses.hinge", "src/ganpipe/objectives/losses/hinge.py"),
        ("stages.prepare", "stages/prepare.py"),
    ],
)
def test_whatever_is_imported_later_must_be_listed(place: Path, module: str, file: str) -> None:
    said = python(place, "-c", IMPORT.format(module=module), code=1)
    assert f"imports {file}, which" in said


@pytest.mark.parametrize("module", ["ganpipe.params", "ganpipe.storage.locks", "ganpipe.metrics"])
def test_what_decides_no_byte_may_be_imported(place: Path, module: str) -> None:
    python(place, "-c", IMPORT.format(module=module))
