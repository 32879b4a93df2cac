"""The commit on a page, and the command that makes it again."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from helpers.exported import samplers_of
from ruamel.yaml import YAML

from ganpipe.core import paths
from ganpipe.export.page import report
from ganpipe.export.page.belonging import of_evaluation
from ganpipe.export.page.origin import Origin, origin
from ganpipe.sampling.trained import Trained

BEFORE = {
    "model": "dcgan",
    "seed": 0,
    "train": {"lr": 0.1, "epochs": 5},
    "models": {"a": {"x": 1}},
}
AUTHOR = {
    f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The commit of a repository in the current folder."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    write(BEFORE)
    Path("src").mkdir()
    Path("src/code.py").write_text("1\n")
    git("add", "-A")
    git("commit", "-q", "-m", "begin")
    return git("rev-parse", "HEAD")


def git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words], env={**os.environ, **AUTHOR}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def write(content: dict[str, Any]) -> None:
    YAML(typ="safe").dump(content, paths.PARAMS)


def test_committed_parameters_are_run_as_they_are(repository: str) -> None:
    assert origin() == Origin(repository, changed_code=False, command="dvc repro")
    Path("src/code.py").write_text("2\n")
    assert origin() == Origin(repository, changed_code=True, command="dvc repro")


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    "after",
    [
        {**BEFORE, "seed": 7, "model": "it's", "dataset": "null"},
        {**BEFORE, "train": {"lr": {"start": 0.1, "end": 0.0}, "epochs": 5}},
        {**BEFORE, "train": {"lr": 1e-05, "epochs": 5, "ema": None, "on": True}},
        {**BEFORE, "train": {"lr": 0.1}},
        {**BEFORE, "seed": [1, 2], "models": {"a": {"x": 1, "y": "two words"}, "c": {"z": 2.5}}},
    ],
)
def test_the_command_gives_the_same_parameters(after: dict[str, Any]) -> None:
    write(after)
    found = origin()
    assert found is not None
    words = shlex.split(found.command)
    assert words[:3] == ["dvc", "exp", "run"]
    write(BEFORE)
    apply_overrides(paths.PARAMS, [word for word in words[3:] if word != "-S"])
    assert YAML(typ="safe").load(paths.PARAMS) == after


@pytest.mark.usefixtures("repository")
def test_places_of_the_users_files_are_left_out() -> None:
    """Those of a page's parameters too."""
    own = {"path": "/home/me/cats", "range": None}
    after = {
        **BEFORE,
        "datasets": {"folder": own, "pairs": {"path": "../pairs"}},
        "evaluate": {"inception_weights": "~/weights.pth", "extractors": ["inception"]},
        "path": "mine",
    }
    write(after)
    found = origin()
    assert found is not None
    params = {"model": "dcgan", "datasets.folder": own, "evaluate": after["evaluate"]}
    (text,) = report.report(Trained(samplers_of("mlp")[""], {}), params, found, of_evaluation())
    for place in ("cats", "home", "pairs:{path:pairs", "..", "weights.pth", "mine"):
        assert place not in text
    assert "path:YOUR_FOLDER" in found.command
    assert "+path=YOUR_FOLDER" in found.command
    assert "inception_weights:YOUR_FILE" in found.command
    assert "path: YOUR_FOLDER" in text
    assert "inception_weights: YOUR_FILE" in text
    write({**BEFORE, "evaluate": {"inception_weights": None}})
    assert "inception_weights:null" in origin().command  # type: ignore[union-attr]


def test_outside_of_a_repository_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert origin() is None
