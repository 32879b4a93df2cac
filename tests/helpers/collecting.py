"""Folders and archives of files that are called images, and collecting them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from functools import partial
from pathlib import Path

import pytest

from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire import collect as collect_module

collect = partial(collect_module.collect, field="datasets.folder.path")

FILES = {  # content does not matter here
    "train/cat/1.png": b"one",
    "train/cat/2.JPG": b"two",
    "train/Hündin 7/3.jpeg": b"three",
    "test/cat/4.webp": b"four",
}
OTHERS = {
    "README.txt": b"text",
    "train/cat/Thumbs.db": b"db",
    ".gitkeep": b"",
    "train/.hidden/5.png": b"five",
    "__MACOSX/train/cat/._1.png": b"mac",
}


def write_folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, f"w:{path.suffix[1:].replace('tar', '')}") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


WRITERS = {
    "folder": write_folder,
    "a.zip": write_zip,
    "a.tar": write_tar,
    "a.tar.gz": write_tar,
    "a.tar.bz2": write_tar,
    "a.tar.xz": write_tar,
}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(source: Path, match: str) -> None:
    """The source is refused and leaves nothing behind."""
    raw = source.parent / "raw"
    with pytest.raises(GanpipeError, match=match):
        collect(str(source), raw)
    assert not [path for path in source.parent.iterdir() if "raw" in path.name]
