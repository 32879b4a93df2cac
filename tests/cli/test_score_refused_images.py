"""Images that the command `score` refuses, each with its reason."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.scoring import draw, run, save
from PIL import Image

from ganpipe.core.errors import GanpipeError
from ganpipe.data.prepare.images import decode_as_it_is
from ganpipe.data.prepare.notes import DamagedImageError
from ganpipe.evaluation.image_source import open_images


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("nothing", "nothing does not exist"),
        ("empty", r"empty holds no images \(.apng, "),
        ("empty.zip", r"empty.zip holds no images \(.apng, "),
        ("damaged", "001.png cannot be evaluated"),
        ("sizes", r"001.png is 30 x 30 pixels of 1 channels, but 000.png is 28 x 28"),
        ("large", "takes images of 28 x 28 pixels; these have 32 x 32"),
        ("colour", "takes images of 1 channels; these have 3"),
        ("single", "single holds 1 image; a covariance needs two"),
        ("text.zip", "neither a folder nor a .zip or .tar"),
        ("other.npz", "holds no whole array `images` or `arr_0`"),
        ("array.npz", "it is a single array, not an .npz"),
        ("flipped.npz", "holds no whole array `images`"),
        ("floats.npz", r"must be uint8 \(N, H, W, 1 or 3\), not float64"),
    ],
)
def test_images_that_cannot_be_evaluated(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, what: str, says: str
) -> None:
    bad = tmp_path / what
    if what == "empty":
        bad.mkdir()
    elif what == "empty.zip":
        with zipfile.ZipFile(bad, "w") as archive:
            archive.writestr("notes.txt", "no image")
    elif what in ("damaged", "sizes"):
        save(bad, draw(2, 0))
        if what == "damaged":
            (bad / "001.png").write_bytes((bad / "001.png").read_bytes()[:80])
        else:
            Image.new("L", (30, 30)).save(bad / "001.png")
    elif what == "large":
        save(bad, draw(2, 0, size=32))
    elif what == "colour":
        save(bad, np.concatenate([draw(2, seed) for seed in range(3)], axis=1))
    elif what == "single":
        save(bad, draw(1, 0))
    elif what == "text.zip":
        bad.write_text("no archive")
    elif what == "other.npz":
        np.savez(bad, pictures=np.zeros(3))
    elif what == "array.npz":
        np.save(tmp_path / "array.npy", draw(2, 0))
        (tmp_path / "array.npy").rename(bad)
    elif what == "flipped.npz":
        np.savez_compressed(bad, images=draw(9, 0).transpose(0, 2, 3, 1))
        content = bytearray(bad.read_bytes())
        content[60:80] = bytes(20)
        bad.write_bytes(content)
    elif what == "floats.npz":
        np.savez(bad, images=np.zeros((3, 28, 28, 1)))
    with pytest.raises(GanpipeError, match=says):
        run(root, capsys, bad, "--reference", root / "real")


def test_an_archive_that_leads_out_is_refused(root: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../out.png", b"")
    with pytest.raises(GanpipeError, match="unsafe name"), open_images(tmp_path / "bad.zip"):
        pass
    assert not (tmp_path.parent / "out.png").exists()


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("link", "holds the link more; put the file itself there"),
        ("locked", r"locked cannot be read \(Permission denied\)"),
        ("pipe", "x.png is not a file; remove it"),
        ("leads nowhere", "x.png is not a file; remove it"),
    ],
)
def test_no_image_is_left_out_without_a_word(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, says: str
) -> None:
    folder = save(tmp_path / "images", draw(3, 0))
    if what == "link":
        (folder / "more").symlink_to(root / "real")
    elif what == "locked":
        (folder / "locked").mkdir()
        listed = os.scandir

        def scandir(path: Any) -> Any:
            if str(path).endswith("locked"):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return listed(path)

        monkeypatch.setattr(os, "scandir", scandir)
    elif what == "pipe":
        os.mkfifo(folder / "x.png")
    else:
        (folder / "x.png").symlink_to(tmp_path / "nothing")
    with pytest.raises(GanpipeError, match=says), open_images(folder):
        pass


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "images.npz")
    with pytest.raises(GanpipeError, match="is not a file"), open_images(tmp_path / "images.npz"):
        pass


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_numbers_without_a_white_are_refused(tmp_path: Path, dtype: type) -> None:
    """They were evaluated as black."""
    pixels = np.linspace(0, 1 if dtype == np.float32 else 200, 64).reshape(8, 8).astype(dtype)
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    with pytest.raises(DamagedImageError, match="32-bit numbers"):
        decode_as_it_is(tmp_path / "a.tif")


def test_an_array_that_claims_too_much_is_refused(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 28, 28, 1)}
    np.lib.format.write_array_header_1_0(header, about)
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("images.npy", header.getvalue())
    np.savez(tmp_path / "flat.npz", images=np.zeros((3, 0, 28, 1), np.uint8))
    for name, says in (("huge", "more than fits into memory"), ("flat", r"uint8 \(3, 0, 28, 1")):
        with pytest.raises(GanpipeError, match=says):
            run(root, capsys, tmp_path / f"{name}.npz", "--reference", root / "real")
