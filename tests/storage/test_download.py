from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from helpers import web_server
from helpers.web_server import Handler, Web

from ganpipe.storage import download
from ganpipe.storage.download import SourceError, UnreachableError, fetch

CONTENT = bytes(range(256)) * 1024
LIMIT = len(CONTENT)

pytestmark = pytest.mark.usefixtures("impatient")


def test_a_file_arrives(web: Web, tmp_path: Path) -> None:
    web.answers["/f"] = web_server.whole(CONTENT)
    fetch(f"{web.url}/f", tmp_path / "f.part", LIMIT)
    assert (tmp_path / "f.part").read_bytes() == CONTENT


def test_a_partial_file_is_gone_on_with(web: Web, tmp_path: Path) -> None:
    part = tmp_path / "f.part"
    part.write_bytes(CONTENT[:1000])
    web.answers["/f"] = web_server.whole(CONTENT)
    fetch(f"{web.url}/f", part, LIMIT)
    assert part.read_bytes() == CONTENT
    assert web.asked == [("/f", "bytes=1000-")]


def test_a_server_that_knows_no_ranges_starts_again(web: Web, tmp_path: Path) -> None:
    part = tmp_path / "f.part"
    part.write_bytes(CONTENT[:1000])
    web.answers["/f"] = web_server.without_ranges(CONTENT)
    fetch(f"{web.url}/f", part, LIMIT)
    assert part.read_bytes() == CONTENT


def test_a_partial_file_longer_than_the_file_is_dropped(web: Web, tmp_path: Path) -> None:
    part = tmp_path / "f.part"
    part.write_bytes(CONTENT + b"more")
    web.answers["/f"] = web_server.whole(CONTENT)
    fetch(f"{web.url}/f", part, LIMIT)
    assert part.read_bytes() == CONTENT


def test_a_connection_closed_half_way_is_resumed(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More interruptions than attempts are survived as long as there is progress."""
    monkeypatch.setattr(download, "PROGRESS_BYTES", 1 << 10)
    web.answers["/f"] = web_server.cut(CONTENT, at=50_000)
    fetch(f"{web.url}/f", tmp_path / "f.part", LIMIT)
    assert (tmp_path / "f.part").read_bytes() == CONTENT
    assert len(web.asked) == 6


def test_no_progress_ends_and_keeps_what_came(web: Web, tmp_path: Path) -> None:
    web.answers["/f"] = web_server.cut(CONTENT, at=100)
    with pytest.raises(UnreachableError, match="closed half way"):
        fetch(f"{web.url}/f", tmp_path / "f.part", LIMIT)
    assert (tmp_path / "f.part").read_bytes() == CONTENT[:300]
    assert len(web.asked) == download.ATTEMPTS


def test_a_busy_server_is_asked_again(web: Web, tmp_path: Path) -> None:
    def busy_once(handler: Handler) -> None:
        (web_server.status(503) if len(web.asked) == 1 else web_server.whole(CONTENT))(handler)

    web.answers["/f"] = busy_once
    fetch(f"{web.url}/f", tmp_path / "f.part", LIMIT)
    assert len(web.asked) == 2


@pytest.mark.parametrize(
    ("answer", "message", "attempts"),
    [
        (web_server.status(404), "404", 1),
        (web_server.status(500), "500 .*3 attempts", 3),
        (web_server.web_page, "web page", 1),
        (web_server.hang, "stopped answering .3 attempts", 3),
        (web_server.trickle, "sent only", 3),
        (web_server.endless, "more than the", 1),
        (web_server.whole(CONTENT + b"more"), "offers", 1),
        (web_server.redirect("/f"), "circle", None),
    ],
    ids=["missing", "broken", "page", "hang", "trickle", "endless", "long", "circle"],
)
def test_a_bad_answer_ends_soon(
    web: Web,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: web_server.Answer,
    message: str,
    attempts: int | None,
) -> None:
    if answer is web_server.hang:
        monkeypatch.setattr(download, "READ_SECONDS", 0.3)
    web.answers["/f"] = answer
    begin = time.monotonic()
    with pytest.raises(SourceError, match=message):
        fetch(f"{web.url}/f", tmp_path / "f.part", LIMIT)
    assert time.monotonic() - begin < 30
    assert attempts is None or len(web.asked) == attempts


def test_a_redirect_is_followed(web: Web, tmp_path: Path) -> None:
    web.answers |= {"/f": web_server.redirect("/g"), "/g": web_server.whole(CONTENT)}
    fetch(f"{web.url}/f", tmp_path / "f.part", LIMIT)
    assert (tmp_path / "f.part").read_bytes() == CONTENT


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused at once
        with pytest.raises(UnreachableError, match="refused"):
            fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/f", tmp_path / "f.part", LIMIT)


def test_a_url_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not a URL"):
        fetch("gopher:/x", tmp_path / "f.part", LIMIT)


def test_a_full_disk_is_not_blamed_on_the_source(web: Web) -> None:
    web.answers["/f"] = web_server.whole(CONTENT)
    with pytest.raises(OSError, match="No space left"):
        fetch(f"{web.url}/f", Path("/dev/full"), LIMIT)
