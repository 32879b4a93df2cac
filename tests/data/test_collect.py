"""What is taken from a folder or an archive of images, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.collecting import FILES, OTHERS, WRITERS, collect, contents, refused, write_folder

from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire import collect as collect_module


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


@pytest.mark.parametrize("limit", ["MAX_IMAGES", "MAX_IMAGE_BYTES", "MAX_TOTAL_BYTES"])
@pytest.mark.parametrize("name", ["folder", "a.zip", "a.tar.xz"])
def test_bounds(tmp_path: Path, name: str, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is what comes out, not what the archive says of itself."""
    monkeypatch.setattr(collect_module, limit, 3)
    refused(WRITERS[name](tmp_path / name, FILES), "too large|more than 3 images")


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
