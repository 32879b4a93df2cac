"""A server that misbehaves, and a quiet environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ganpipe.data.catalog import OFFICIAL
from ganpipe.storage import download
from helpers import tiny_data
from helpers.web_server import Web


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server on the loopback."""
    server = Web()
    yield server
    server.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short time-outs."""
    for name in ("READ_SECONDS", "WINDOW_SECONDS", "BACKOFF_SECONDS"):
        monkeypatch.setattr(download, name, getattr(download, name))  # restored at the end
    tiny_data.hurry()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and no mirror."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GANPIPE_CACHE", str(folder))
    monkeypatch.delenv("GANPIPE_MIRROR", raising=False)
    monkeypatch.delenv("GANPIPE_OFFLINE", raising=False)
    return folder


@pytest.fixture
def tiny_official(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny files as the official MNIST and CIFAR-10, with no public hosts."""
    monkeypatch.setitem(OFFICIAL, "mnist", tiny_data.tiny_mnist())
    monkeypatch.setitem(OFFICIAL, "cifar10", tiny_data.tiny_cifar(tiny_data.cifar_archive()))
