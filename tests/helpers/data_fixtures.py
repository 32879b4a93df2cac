"""A server that misbehaves, and a quiet environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ganpipe.data import catalog as official
from ganpipe.storage import download as transfer
from helpers import tiny_data as tiny
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
        monkeypatch.setattr(transfer, name, getattr(transfer, name))  # restored at the end
    tiny.hurry()


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
    monkeypatch.setitem(official.OFFICIAL, "mnist", tiny.tiny_mnist())
    monkeypatch.setitem(official.OFFICIAL, "cifar10", tiny.tiny_cifar(tiny.cifar_archive()))
