from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import tiny_data, web_server
from helpers.web_server import Web

from ganpipe.core.errors import GanpipeError
from ganpipe.storage import download
from ganpipe.storage.download import SourceError
from ganpipe.storage.remote import RemoteFile, Source, content, obtain, verify

DATA = b"some words, over and over; " * 300
PLAIN = RemoteFile("words", "words.bin", len(DATA), f"md5:{tiny_data.md5(DATA)}", ())
GZIPPED = replace(PLAIN, name="words.gz", gzipped=True, checksum_of_content=True)

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def place(cache: Path) -> Path:
    """Where the cache keeps PLAIN."""
    return cache / "downloads" / "words" / "words.bin"


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def on(web: Web, *files: RemoteFile) -> list[RemoteFile]:
    return [replace(file, hosts=(f"{web.url}/host/",)) for file in files or (PLAIN,)]


def test_the_cache_comes_first(place: Path, web: Web) -> None:
    put(place, DATA)
    assert obtain(on(web)) == [place]
    assert web.asked == []


def test_then_the_mirror_then_the_host(
    place: Path, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANPIPE_MIRROR", str(tmp_path / "mirror"))
    put(tmp_path / "mirror/words/words.bin", DATA)
    obtain(on(web))
    assert web.asked == []
    place.unlink()
    monkeypatch.setenv("GANPIPE_MIRROR", f"{web.url}/mirror/")
    web.answers["/host/words.bin"] = web_server.whole(DATA)
    obtain(on(web))
    assert [path for path, _ in web.asked] == ["/mirror/words/words.bin", "/host/words.bin"]
    assert place.read_bytes() == DATA


def test_a_mirror_that_is_a_url(place: Path, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANPIPE_MIRROR", f"{web.url}/m")
    web.answers["/m/words/words.bin"] = web_server.whole(DATA)
    obtain([PLAIN])
    assert place.read_bytes() == DATA


@pytest.mark.usefixtures("cache")
def test_content_decides_where_mirrors_compress_anew(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.answers["/host/words.gz"] = web_server.whole(gzip.compress(DATA, 1, mtime=7))
    [path] = obtain(on(web, GZIPPED))
    assert b"".join(content(GZIPPED, path)) == DATA


def test_a_damaged_cached_file_is_replaced(place: Path, web: Web) -> None:
    put(place, DATA[:-1] + b"!")
    web.answers["/host/words.bin"] = web_server.whole(DATA)
    obtain(on(web))
    assert place.read_bytes() == DATA


def test_a_partial_file_of_something_else_is_started_again(place: Path, web: Web) -> None:
    put(place.with_name("words.bin.part"), b"?" * 100)
    web.answers["/host/words.bin"] = web_server.whole(DATA)
    obtain(on(web))
    assert place.read_bytes() == DATA
    assert [span for _, span in web.asked] == ["bytes=100-", ""]


def test_nothing_wrong_gets_a_final_name(
    place: Path, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One message tells what every source did and what the user can do."""
    put(place, b"rubbish")
    put(tmp_path / "mirror/words/words.bin", DATA[::-1])
    monkeypatch.setenv("GANPIPE_MIRROR", str(tmp_path / "mirror"))
    web.answers["/a/words.bin"] = web_server.web_page
    web.answers["/b/words.bin"] = web_server.cut(DATA, at=10)
    file = replace(PLAIN, hosts=(f"{web.url}/a/", f"{web.url}/b/"))

    def last(file: RemoteFile, path: Path) -> None:
        raise SourceError("is out of order")

    with pytest.raises(GanpipeError) as caught:
        obtain([file], last=[Source("the last resort", last)])
    lines = str(caught.value).splitlines()
    for line, words in zip(
        lines,
        (
            "words.bin of words could not be downloaded from any source",
            "it was deleted",
            f"GANPIPE_MIRROR {tmp_path}/mirror: holds something else: its md5 is",
            "/a/: sends a web page",
            "/b/: the connection is closed half way",
            "the last resort: is out of order",
            "GANPIPE_MIRROR to a folder or URL that has words/words.bin",
        ),
        strict=True,
    ):
        assert words in line
    assert sorted(path.name for path in place.parent.iterdir()) == [".lock", "words.bin.part"]


@pytest.mark.usefixtures("cache")
def test_a_host_that_does_not_answer_is_asked_for_one_file_only(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "READ_SECONDS", 0.3)
    other = replace(PLAIN, name="other.bin")
    web.answers |= {"/host/words.bin": web_server.hang, "/host/other.bin": web_server.hang}
    saved = []
    with_last = Source("last", lambda file, path: saved.append(put(path, DATA)))
    obtain(on(web, PLAIN, other), last=[with_last])
    assert len(saved) == 2
    assert {path for path, _ in web.asked} == {"/host/words.bin"}


@pytest.mark.usefixtures("cache")
def test_offline_asks_no_host(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANPIPE_OFFLINE", "1")
    with pytest.raises(GanpipeError, match="GANPIPE_OFFLINE"):
        obtain(on(web))
    assert web.asked == []


@pytest.mark.usefixtures("cache")
def test_a_mirror_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANPIPE_MIRROR", "http://me:secret@127.0.0.1:9")
    with pytest.raises(GanpipeError) as caught:
        obtain([PLAIN])
    assert "GANPIPE_MIRROR http://127.0.0.1:9: " in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_cache_folder_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANPIPE_CACHE", str(tmp_path / "file"))
    with pytest.raises(GanpipeError, match="set GANPIPE_CACHE to a folder"):
        obtain([PLAIN])


def test_a_cache_that_cannot_be_written_still_serves(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No lock is taken and nothing is made where all the files are there."""
    put(place, DATA)
    before = sorted(place.parent.iterdir())
    obtain([PLAIN])
    assert sorted(place.parent.iterdir()) == before


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "words.gz"
    bomb.write_bytes(gzip.compress(bytes(1 << 26)))
    with pytest.raises(SourceError, match="more than"):
        verify(GZIPPED, bomb)


def test_a_cut_gzip_file(tmp_path: Path) -> None:
    (tmp_path / "words.gz").write_bytes(gzip.compress(os.urandom(999) + DATA)[:-20])
    with pytest.raises(SourceError, match="not a whole gzip"):
        verify(GZIPPED, tmp_path / "words.gz")
