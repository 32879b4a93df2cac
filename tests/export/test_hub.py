"""Uploads to a stand-in for the Hub; nothing here reaches a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.hub_server import Hub

from ganpipe.core.errors import GanpipeError
from ganpipe.export import hub


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    server = Hub()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "right")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name in ("generator.onnx", "README.md"):
        (tmp_path / name).write_text("---\nlibrary_name: ganpipe\n---\n")
    return sorted(tmp_path.iterdir())


def test_files_are_committed_to_a_repository(server: Hub, files: list[Path]) -> None:
    address = hub.push("me/digits", files)
    assert address == f"{server.url}/me/digits"
    assert server.files == {each.name: each.read_bytes() for each in files}
    assert server.asked[0] == "/api/repos/create"


def test_a_refusal_is_one_sentence(
    server: Hub, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "wrong")
    with pytest.raises(
        GanpipeError, match=r"me/digits cannot be written to .*hf auth login"
    ) as got:
        hub.push("me/digits", files)
    assert "\n" not in str(got.value)
    with pytest.raises(GanpipeError, match="no/such/name cannot be written to"):
        hub.push("no/such/name", files)
    assert not server.files


def test_a_token_is_checked_before_anything_is_exported(
    server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.expect_hub("me/digits")
    assert server.asked == ["/api/whoami-v2"]
    monkeypatch.setenv("HF_TOKEN", "wrong")
    with pytest.raises(GanpipeError, match=r"me/digits cannot be written to .*hf auth login"):
        hub.expect_hub("me/digits")


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    server = Hub()
    server.shutdown()
    server.server_close()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "right")


@pytest.mark.usefixtures("without_network")
def test_a_lack_of_connection_is_one_sentence(files: list[Path]) -> None:
    for ask in (lambda: hub.expect_hub("me/digits"), lambda: hub.push("me/digits", files)):
        with pytest.raises(GanpipeError, match=r"the Hub cannot be reached for me/digits") as got:
            ask()
        assert "\n" not in str(got.value)


def test_other_faults_of_a_connection_are_one_sentence(
    server: Hub, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a connection that is cut in the middle of an upload."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    def cut(*_: object, **__: object) -> None:
        raise HTTPError("the handshake timed out")

    monkeypatch.setattr(HfApi, "create_commit", cut)
    with pytest.raises(GanpipeError, match=r"reached for me/digits \(the handshake timed out\)"):
        hub.push("me/digits", files)


def test_a_missing_package_is_named(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.expect_hub("me/digits")
    monkeypatch.setattr(hub, "find_spec", lambda name: None)
    with pytest.raises(GanpipeError, match=r"huggingface_hub is not installed.*\.\[hub\]"):
        hub.expect_hub("me/digits")
