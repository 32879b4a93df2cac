from __future__ import annotations

import contextlib
import io
import os
import random
import stat
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


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_source_gives_the_same(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = WRITERS[name](tmp_path / name, FILES | OTHERS)
    collect(str(source), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{source}: 4 images, 0.0 MB" in printed.err


@pytest.mark.parametrize("name", WRITERS)
def test_other_files_are_counted_by_suffix_and_those_of_a_system_apart(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"a.csv": b"", "b.TXT": b"", "LICENSE": b"", "desktop.ini": b"", ".DS_Store": b""}
    previews = {"@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg": b"a preview"}
    source = WRITERS[name](tmp_path / name, FILES | OTHERS | more | previews)
    collect(str(source), tmp_path / "raw")
    said = capsys.readouterr().err
    assert "other files, which are ignored: 2 .txt, 1 without a suffix, 1 .csv" in said
    assert "hidden and system files: " in said
    assert "warning" not in said
    assert contents(tmp_path / "raw") == FILES


def test_pictures_that_pillow_cannot_read_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = {"a.heic": b"", "b.HEIC": b"", "c.psd": b""}
    collect(str(write_folder(tmp_path / "folder", FILES | pictures)), tmp_path / "raw")
    said = capsys.readouterr().err
    assert "warning: " in said
    assert "formats that are not read here (Pillow " in said
    assert "2 .heic, 1 .psd; convert them to PNG or JPEG" in said


@pytest.mark.parametrize(
    "suffix", [".bmp", ".gif", ".jfif", ".tif", ".TIFF", ".ppm", ".apng", ".jp2"]
)
@pytest.mark.parametrize("name", ["folder", "a.zip", "a.tar"])
def test_what_pillow_reads_is_taken(tmp_path: Path, name: str, suffix: str) -> None:
    collect(str(WRITERS[name](tmp_path / name, {f"x{suffix}": b"x"})), tmp_path / "raw")
    assert contents(tmp_path / "raw") == {f"x{suffix}": b"x"}


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    write_folder(tmp_path / "raw", {"old.png": b"old"})
    collect(str(write_folder(tmp_path / "folder", FILES)), tmp_path / "raw")
    assert contents(tmp_path / "raw") == FILES


@pytest.mark.parametrize("name", WRITERS)
def test_no_images(tmp_path: Path, name: str) -> None:
    refused(
        WRITERS[name](tmp_path / name, OTHERS),
        r"holds no images such as PNG or JPEG \(but 1 .txt\)",
    )


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
    refused(tmp_path / "missing", "there is no .*missing'; name a folder")
    (tmp_path / "tracked.dvc").touch()
    refused(tmp_path / "tracked", "which .*tracked.dvc tracks and which is not here")


def test_a_source_around_the_target(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "data", FILES)
    with pytest.raises(GanpipeError, match="overlaps"):
        collect(str(source), source / "raw")
