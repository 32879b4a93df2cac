"""What tests of exporting share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.exported import Exports
from helpers.pages import RUNS, Pages, make_run

from ganpipe.core import paths
from ganpipe.export.page import live
from ganpipe.export.page.runtime import Runtime

TINY = Runtime(b"the loader", b"the program")


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Files of the shipped blocks, each made when it is first asked for."""
    return Exports(tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return Pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of a translator both ways, with a tiny runtime in place of the real."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make_run(**RUNS["translator"])  # type: ignore[arg-type]
    return folder


@pytest.fixture
def here(run: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(run)
    monkeypatch.setattr(live, "runtime", lambda: TINY)
    live.carried_runtime.cache_clear()
    yield run
    live.carried_runtime.cache_clear()


@pytest.fixture
def copied(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the run without its page, to be changed."""
    shutil.copytree(here, tmp_path / "copy", ignore=shutil.ignore_patterns(paths.PAGE.parent.name))
    monkeypatch.chdir(tmp_path / "copy")
