"""Where `ganpipe page` writes, and what it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers.generators import save_generator
from helpers.support import command

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--out", "notes.txt"], "--out is notes.txt; name a file that ends in .html"),
        (["--out", "g.safetensors"], "--out is g.safetensors; name a file that ends in .html"),
        (["--out", "new"], "--out is new; name a file that ends in .html"),
        (["--out", "folder.html"], "folder.html, which is a folder; name another .html file"),
        (["--out", "pipe.html"], "pipe.html, which is no regular file; name another .html file"),
        (["--out", "notes.txt/a.html"], "and notes.txt is no folder; name a place in a folder"),
        (["--out", "gone/a.html"], "and gone is no folder"),
        ([], "report/index.html is the page of the run .* name another file with --out"),
    ],
)
def test_nothing_else_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    save_generator(tmp_path / "g.safetensors")
    paths.PAGE.parent.mkdir()
    Path("folder.html").mkdir()
    os.mkfifo("pipe.html")
    Path("gone").symlink_to("nowhere")
    files = [Path("notes.txt"), paths.PAGE]
    for path in files:
        path.write_text("mine")
    before = sorted(tmp_path.rglob("*")), Path("g.safetensors").read_bytes()
    with pytest.raises(GanpipeError, match=says):
        command("page", ["--weights", "g.safetensors", *arguments])
    assert [path.read_text() for path in files] == ["mine", "mine"]
    assert (sorted(tmp_path.rglob("*")), Path("g.safetensors").read_bytes()) == before
