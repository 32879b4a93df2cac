"""Links in folders and archives of images."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers.collecting import FILES, OTHERS, collect, contents, refused, write_folder, write_tar


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_a_link_in_a_tar(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("link.png")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    refused(path, "the link link.png")


@pytest.mark.parametrize("linkname", ["train/cat/1.png", "./train/cat/1.png"])
def test_a_hard_link_to_a_member_of_a_tar(tmp_path: Path, linkname: str) -> None:
    """What `tar` writes for a file that has two names."""
    path = write_tar(tmp_path / "a.tar", FILES)
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("train/cat/copy.png")
        member.type, member.linkname = tarfile.LNKTYPE, linkname
        archive.addfile(member)
    collect(str(path), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES | {"train/cat/copy.png": b"one"}


@pytest.mark.parametrize("linkname", ["README.txt", "nowhere.png", "../outside.png"])
def test_a_hard_link_to_something_else(tmp_path: Path, linkname: str) -> None:
    (tmp_path / "outside.png").write_bytes(b"secret")
    path = write_tar(tmp_path / "a.tar", FILES | OTHERS)
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("link.png")
        member.type, member.linkname = tarfile.LNKTYPE, linkname
        archive.addfile(member)
    refused(path, "the link link.png")


def test_a_link_in_a_zip(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path / "a.zip", "the link link.png")


def test_links_to_files_elsewhere(tmp_path: Path) -> None:
    """As DVC links a tracked folder to its cache, where files have other names."""
    store = write_folder(
        tmp_path / "store", {name.encode().hex(): data for name, data in FILES.items()}
    )
    for name in FILES:
        link = tmp_path / "folder" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(store / name.encode().hex())
    collect(str(tmp_path / "folder"), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES
    assert not any(path.is_symlink() for path in (tmp_path / "raw").rglob("*"))


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "folder", FILES)
    (source / "link.png").symlink_to("nowhere.png")
    refused(source, "link.png is not a file; remove it")


def test_a_link_to_a_folder(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "folder", FILES)
    (source / "more").symlink_to(source)
    refused(source, "the link more")


def test_a_link_within_the_folder_and_a_linked_root(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "folder", FILES)
    (source / "train/cat/9.png").symlink_to("1.png")
    (tmp_path / "linked").symlink_to(source)
    collect(str(tmp_path / "linked"), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES | {"train/cat/9.png": b"one"}
    assert not (tmp_path / "raw/train/cat/9.png").is_symlink()
