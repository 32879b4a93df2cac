"""Images of every format and mode, to the exact pixel."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.image_files import COLOUR, DEEP, GREY, SIZE, save, seen
from PIL import Image, TiffImagePlugin

from ganpipe.data.image_files import suffixes
from ganpipe.data.prepare.images import decode
from ganpipe.data.prepare.notes import Notes


@pytest.mark.parametrize(
    "suffix", ["png", "apng", "bmp", "tif", "tiff", "ppm", "pnm", "webp", "PNG", "gif", "jp2"]
)
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_formats_without_loss(tmp_path: Path, suffix: str, pixels: np.ndarray) -> None:
    if suffix == "gif" and pixels.ndim == 3:
        pixels = pixels // 128 * 255  # eight colours, which a palette holds
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    path = save(tmp_path / f"a.{suffix}", pixels, **options)
    assert path.suffix.lower() in suffixes()
    wanted = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, -1)
    np.testing.assert_array_equal(seen(path), wanted)


@pytest.mark.parametrize("suffix", ["jfif", "jpe", "jpg", "mpo", "avif"])
def test_formats_with_loss(tmp_path: Path, suffix: str) -> None:
    if f".{suffix}" not in suffixes():
        pytest.skip("not by this Pillow")
    pixels = np.full((SIZE, SIZE, 3), (200, 100, 50), np.uint8)
    assert np.abs(seen(save(tmp_path / f"a.{suffix}", pixels)) - [200.0, 100, 50]).max() <= 3


def test_kinds_of_files_that_are_not_read() -> None:
    assert not {".txt", ".npy", ".pdf", ".eps", ".svg", ".psd", ".tga", ".pfm"} & suffixes()


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_the_first_frame_of_an_animation(tmp_path: Path, suffix: str) -> None:
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    frames = [Image.new("RGB", (SIZE, SIZE), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], **options)
    save(tmp_path / "b.png", COLOUR)
    notes = Notes()
    for name in (f"a.{suffix}", "b.png"):
        decode(tmp_path / name, SIZE, 3, notes=notes)
    assert (seen(tmp_path / f"a.{suffix}") == [255, 0, 0]).all()
    assert notes.animations == 1
    assert notes.frames() == "1 file has several frames; the first of each is taken"


def test_the_second_view_of_a_camera_is_no_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (SIZE, SIZE), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.mpo", save_all=True, append_images=frames[1:])
    notes = Notes()
    assert decode(tmp_path / "a.mpo", SIZE, 3, notes=notes)[0].min() >= 250
    assert not notes.animations


def test_palettes(tmp_path: Path) -> None:
    few = np.array([[255, 0, 0], [0, 255, 0], [9, 8, 7]], np.uint8)[GREY % 3]
    for suffix in ("png", "gif", "bmp", "tif"):
        image = Image.fromarray(few).quantize(3, dither=Image.Dither.NONE)
        assert image.mode == "P"
        image.save(tmp_path / f"a.{suffix}")
        np.testing.assert_array_equal(seen(tmp_path / f"a.{suffix}"), few)


def test_transparency_becomes_white(tmp_path: Path) -> None:
    """As the eye sees it on paper: half transparent black is grey."""
    alpha = np.repeat(np.array([0, 128, 255, 255], np.uint8), SIZE // 4)[None].repeat(SIZE, 0)
    black = np.zeros((SIZE, SIZE, 3), np.uint8)
    for mode, pixels in (("RGBA", np.dstack([black, alpha])), ("LA", None)):
        image = Image.fromarray(pixels) if pixels is not None else Image.new("LA", (SIZE, SIZE))
        if pixels is None:
            image.putalpha(Image.fromarray(alpha))
        assert image.mode == mode
        image.save(tmp_path / f"{mode}.png")
        np.testing.assert_array_equal(seen(tmp_path / f"{mode}.png", 1), 255 - alpha)


def test_one_transparent_grey_level(tmp_path: Path) -> None:
    expected = np.where(GREY == 7, 255, GREY)
    save(tmp_path / "a.png", GREY, transparency=7)
    np.testing.assert_array_equal(seen(tmp_path / "a.png", 1), expected)
    save(tmp_path / "b.png", DEEP, transparency=7 * 257)
    np.testing.assert_array_equal(seen(tmp_path / "b.png", 1), expected)


def test_a_transparent_colour_of_a_palette(tmp_path: Path) -> None:
    image = Image.fromarray(GREY % 2).convert("P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.save(tmp_path / "a.png", transparency=0)
    wanted = np.array([[255, 255, 255], [40, 50, 60]], np.uint8)[GREY % 2]
    np.testing.assert_array_equal(seen(tmp_path / "a.png"), wanted)


def test_one_bit(tmp_path: Path) -> None:
    for suffix in ("png", "bmp", "tif", "pbm"):
        save(tmp_path / f"a.{suffix}", GREY % 2 * 255, "1")
        np.testing.assert_array_equal(seen(tmp_path / f"a.{suffix}", 1), GREY % 2 * 255)


def test_inks(tmp_path: Path) -> None:
    """CMYK by the plain formula, without a colour profile."""
    inks = np.dstack([COLOUR, GREY // 2])
    Image.fromarray(inks, "CMYK").save(tmp_path / "a.tif")
    wanted = (255.0 - COLOUR) * (255.0 - GREY[..., None] // 2) / 255
    assert np.abs(seen(tmp_path / "a.tif") - wanted).max() <= 1
    Image.new("CMYK", (SIZE, SIZE), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert np.abs(seen(tmp_path / "a.jpg") - [255.0, 0, 0]).max() <= 3


def tiff(path: Path, pixels: np.ndarray, **tags: int) -> Path:
    """A TIFF file with tags of one's own, which say how the same bytes are to be read."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for name, value in tags.items():
        info[{"photometric": 262, "orientation": 274}[name]] = value
    Image.fromarray(pixels).save(path, tiffinfo=info)
    return path


@pytest.mark.parametrize("pixels", [GREY, DEEP], ids=["8", "16"])
def test_where_0_is_white(tmp_path: Path, pixels: np.ndarray) -> None:
    path = save(tmp_path / "a.tif", pixels)
    content = bytearray(path.read_bytes())
    tag = struct.pack("<HHI", 262, 3, 1)  # photometric interpretation, one short
    assert content.count(tag) == 1
    content[content.index(tag) + 8] = 0
    path.write_bytes(content)
    np.testing.assert_array_equal(seen(path, 1), 255 - GREY)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_orientation(tmp_path: Path, suffix: str, orientation: int) -> None:
    upright = [
        COLOUR, COLOUR[:, ::-1], COLOUR[::-1, ::-1], COLOUR[::-1],
        COLOUR.transpose(1, 0, 2), np.rot90(COLOUR, 3), np.rot90(COLOUR, 2).transpose(1, 0, 2),
        np.rot90(COLOUR),
    ][orientation - 1]  # fmt: skip
    path = tmp_path / f"a.{suffix}"
    if suffix == "tif":
        tiff(path, COLOUR, orientation=orientation)
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(path, COLOUR, exif=exif, **({"lossless": True} if suffix == "webp" else {}))
    np.testing.assert_array_equal(seen(path), upright)
