"""Names of files that lead out, that a system refuses, or that come twice."""

from __future__ import annotations

import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers.collecting import FILES, WRITERS, collect, contents, refused, write_folder, write_zip


@pytest.mark.parametrize("name", ["../x.png", "a/../../x.png", "/x.png"])
@pytest.mark.parametrize("writer", ["a.zip", "a.tar.gz"])
def test_a_name_that_leads_out(tmp_path: Path, writer: str, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    refused(WRITERS[writer](inner / writer, FILES | {name: b"x"}), "unsafe name")
    assert list(contents(tmp_path)) == [f"inner/{writer}"]


@pytest.mark.skipif(os.name == "nt", reason="not files' names there")
@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("12:00.png", "12:00.png"),
        ("a?/b*.png", "a?/b*.png"),
        ("C:/x.png", "C:/x.png"),
        ("a\\x.png", "a\\x.png"),
        ("a/1\n.png", "a/1%0A.png"),
        ("aux.png", "aux.png"),
        ("./y/x.png", "y/x.png"),
    ],
)
@pytest.mark.parametrize("writer", ["a.zip", "a.tar.gz"])
def test_names_that_another_system_would_refuse(
    tmp_path: Path, writer: str, name: str, stored: str
) -> None:
    source = WRITERS[writer](tmp_path / writer, FILES | {name: b"x", "notes: 1.txt": b"text"})
    collect(str(source), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES | {stored: b"x"}


@pytest.mark.parametrize("name", ["../notes.txt", "/notes.txt", "a" * 300])
def test_the_name_of_what_is_not_taken_does_not_matter(tmp_path: Path, name: str) -> None:
    collect(str(write_zip(tmp_path / "a.zip", FILES | {name: b"x"})), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    refused(write_zip(tmp_path / "a.zip", {f"{'a' * 300}.png": b"x"}), "too long for a file")


def test_a_name_in_another_encoding(tmp_path: Path) -> None:
    """Its bytes are no UTF-8, so that it can be neither printed nor hashed as text."""
    source = write_folder(tmp_path / "folder", FILES)
    try:
        Path(os.fsdecode(os.fsencode(source) + b"/H\xfcndin.png")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system knows UTF-8 alone")
    collect(str(source), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES | {"H%FCndin.png": b"x"}


def test_a_zip_from_windows_has_folders(tmp_path: Path) -> None:
    """Some programs there write the separator of that system."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("cat\\1.png")
        info.create_system = 0
        archive.writestr(info, b"one")
    collect(str(tmp_path / "a.zip"), tmp_path / "raw")
    assert contents(tmp_path / "raw") == {"cat/1.png": b"one"}


def test_a_zip_from_windows_that_leads_out(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with zipfile.ZipFile(inner / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("..\\x.png")
        info.create_system = 0
        archive.writestr(info, b"one")
    refused(inner / "a.zip", "unsafe name")


def test_twice_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("x.png"))
    refused(path, "x.png twice")
