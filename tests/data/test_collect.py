from __future__ import annotations

import contextlib
import io
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire import collect as collect_module
from ganpipe.data.acquire.collect import collect

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


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_source_gives_the_same(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = WRITERS[name](tmp_path / name, FILES | OTHERS)
    collect(str(source), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES
    assert "4 images" in capsys.readouterr().out


def test_what_is_not_an_image_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collect(str(write_folder(tmp_path / "folder", FILES | OTHERS)), tmp_path / "raw")
    assert "2 other files ignored (such as README.txt)" in capsys.readouterr().out


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    write_folder(tmp_path / "raw", {"old.png": b"old"})
    collect(str(write_folder(tmp_path / "folder", FILES)), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES


@pytest.mark.parametrize("name", WRITERS)
def test_no_images(tmp_path: Path, name: str) -> None:
    refused(WRITERS[name](tmp_path / name, OTHERS), "holds no PNG, JPEG or WebP images")


@pytest.mark.parametrize("name", ["../x.png", "a/../../x.png", "/x.png", "a\\x.png", "C:/x.png",
                                  "a/\n.png", "../notes.txt"])  # fmt: skip
@pytest.mark.parametrize("writer", ["a.zip", "a.tar.gz"])
def test_a_name_that_leads_out(tmp_path: Path, writer: str, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    refused(WRITERS[writer](inner / writer, FILES | {name: b"x"}), "unsafe name")
    assert list(contents(tmp_path)) == [f"inner/{writer}"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_a_link_in_a_tar(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("link.png")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    refused(path, "the link link.png")


def test_a_link_in_a_zip(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path / "a.zip", "the link link.png")


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside.png", "nowhere/../../x.png"])
def test_a_link_out_of_a_folder(tmp_path: Path, target: str) -> None:
    source = write_folder(tmp_path / "folder", FILES)
    (tmp_path / "outside.png").write_bytes(b"secret")
    (source / "link.png").symlink_to(target)
    refused(source, "the link link.png")


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


def test_twice_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("x.png"))
    refused(path, "x.png twice")


@pytest.mark.parametrize("limit", ["MAX_IMAGES", "MAX_IMAGE_BYTES", "MAX_TOTAL_BYTES"])
@pytest.mark.parametrize("name", ["folder", "a.zip", "a.tar.xz"])
def test_bounds(tmp_path: Path, name: str, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is what comes out, not what the archive says of itself."""
    monkeypatch.setattr(collect_module, limit, 3)
    refused(WRITERS[name](tmp_path / name, FILES), "too large|more than 3 images")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
@pytest.mark.parametrize("eighth", range(1, 8))
def test_a_damaged_archive(tmp_path: Path, name: str, damage: str, eighth: int) -> None:
    """Never fewer images than the archive had without a word."""
    noise = {f"{k}.png": random.Random(k).randbytes(4000) for k in range(9)}
    path = WRITERS[name](tmp_path / name, noise)
    content = bytearray(path.read_bytes())
    place = len(content) * eighth // 8
    content[place : place + 600] = b"!" * 600
    path.write_bytes(content if damage == "flipped" else content[:place])
    if name == "a.tar":  # it has checksums of its headers alone, and padding that can be cut
        with contextlib.suppress(GanpipeError):
            collect(str(path), tmp_path / "raw")
            assert contents(tmp_path / "raw").keys() == noise.keys()
    else:
        refused(path, "cannot be unpacked|neither a folder")


@pytest.mark.parametrize("member", [3, 8])
def test_a_damaged_header_in_a_tar(tmp_path: Path, member: int) -> None:
    path = write_tar(tmp_path / "a.tar", {f"{k}.png": bytes([k + 1]) * 10 for k in range(9)})
    content = bytearray(path.read_bytes())
    content[member * 1024 + 100] ^= 1
    path.write_bytes(content)
    refused(path, "a header in the middle")


def test_neither_folder_nor_archive(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    refused(tmp_path / "x", "neither a folder")
    refused(tmp_path / "missing", "does not exist")


def test_a_source_around_the_target(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "data", FILES)
    with pytest.raises(GanpipeError, match="overlaps"):
        collect(str(source), source / "raw")
