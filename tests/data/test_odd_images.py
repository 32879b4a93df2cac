"""Images of every format, mode and depth, damaged metadata among them, to the exact pixel."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from ganpipe.data.image_files import suffixes
from ganpipe.data.prepare.images import decode, decode_as_it_is, is_grey
from ganpipe.data.prepare.notes import DamagedImageError, Notes

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged metadata

SIZE = 16
GREY = np.arange(SIZE * SIZE, dtype=np.uint8).reshape(SIZE, SIZE)
COLOUR = np.stack([GREY, GREY.T, 255 - GREY], -1)
DEEP = np.arange(SIZE * SIZE, dtype=np.uint16).reshape(SIZE, SIZE) * 257


def save(path: Path, pixels: np.ndarray, mode: str | None = None, **options: Any) -> Path:
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def seen(path: Path, channels: int = 3, **options: Any) -> np.ndarray:
    """(h, w) or (h, w, 3) as prepared, after a check that evaluating sees the same."""
    decoded = decode(path, SIZE, channels, **options)
    evaluated = decode_as_it_is(path)
    assert is_grey(path) == (len(evaluated) == 1)
    if len(evaluated) == channels and not options:
        np.testing.assert_array_equal(decoded, evaluated)
    return decoded[0] if channels == 1 else decoded.transpose(1, 2, 0)


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


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits(tmp_path: Path, suffix: str) -> None:
    notes = Notes()
    path = save(tmp_path / f"a.{suffix}", DEEP)
    np.testing.assert_array_equal(seen(path, 1, notes=notes), GREY)
    assert (notes.deep, notes.lowest, notes.highest, notes.darkness()) == (1, 0, 65535, "")


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_12_of_16_bits(tmp_path: Path, suffix: str) -> None:
    pixels = GREY.astype(int) * 16 + 15  # 15 to 4095
    path = save(tmp_path / f"a.{suffix}", pixels.astype(np.uint16))
    notes = Notes()
    np.testing.assert_array_equal(
        seen(path, 1, notes=notes), np.rint(pixels / 257).astype(np.uint8)
    )
    assert "1 images of 16 bits hold values from 15 to 4095 of 65535" in notes.darkness()
    wanted = np.rint((pixels - 15) * 255 / 4080).astype(np.uint8)
    np.testing.assert_array_equal(wanted, GREY)
    np.testing.assert_array_equal(seen(path, 1, levels=(15, 4095)), GREY)
    np.testing.assert_array_equal(seen(path, 1, levels=(2000, 2010))[[0, -1], 0], [0, 255])


def test_levels_leave_8_bits_alone(tmp_path: Path) -> None:
    notes = Notes()
    path = save(tmp_path / "a.png", GREY)
    np.testing.assert_array_equal(seen(path, 1, levels=(0, 4095), notes=notes), GREY)
    assert not notes.scaled


def test_a_pgm_says_what_is_white(tmp_path: Path) -> None:
    values = GREY.astype(int) * 16 + 15
    (tmp_path / "a.pgm").write_bytes(b"P5 16 16 4095\n" + values.astype(">u2").tobytes())
    wanted = np.rint(values / 4095 * 255)
    for levels in (None, (0, 100)):
        assert np.abs(seen(tmp_path / "a.pgm", 1, levels=levels) - wanted).max() <= 1


def test_dark_colours_of_16_bits(tmp_path: Path) -> None:
    """Pillow reads the upper half of their bits."""
    path = tmp_path / "a.png"
    rows = b"".join(b"\0" + struct.pack(">48H", *[4000] * 48) for _ in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 16, 2, 0, 0, 0)
    path.write_bytes(png(chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows))))
    notes = Notes()
    assert (seen(path, notes=notes) == 4000 >> 8).all()
    assert "hold values from 3855 to 3855 of 65535" in notes.darkness()
    with pytest.raises(DamagedImageError, match="16 bits, of which only 8 are read"):
        decode(path, SIZE, 3, levels=(0, 4095))


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_numbers_need_levels(tmp_path: Path, dtype: type) -> None:
    path = save(tmp_path / "a.tif", (GREY.astype(dtype) - 100) * 4)
    with pytest.raises(DamagedImageError, match="which of them is white is not said"):
        decode(path, SIZE, 1)
    np.testing.assert_array_equal(decode(path, SIZE, 1, levels=(-400, 620))[0], GREY)


def test_numbers_that_are_none(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", np.full((SIZE, SIZE), np.nan, np.float32))
    with pytest.raises(DamagedImageError, match="NaN"):
        decode(path, SIZE, 1, levels=(0, 1))


def chunk(name: bytes, content: bytes, damaged: bool = False) -> bytes:
    """A chunk of a PNG file, with the right checksum or another."""
    checksum = zlib.crc32(name + content) ^ damaged
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(*chunks: bytes, end: bool = True) -> bytes:
    """A PNG file of these chunks."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + (chunk(b"IEND", b"") if end else b"")


def colour_png(*before: bytes, after: bytes = b"", cut: int = 0, end: bool = True) -> bytes:
    """COLOUR as a PNG file with chunks of metadata before and after the pixels."""
    rows = b"".join(b"\0" + row.tobytes() for row in COLOUR)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return png(header, *before, pixels[: len(pixels) - cut], after, end=end)


TOO_LONG = chunk(b"zTXt", b"comment\0\0" + zlib.compress(bytes(1 << 27)))
TURNED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
METADATA = {
    "exif without a header": colour_png(chunk(b"eXIf", bytes.fromhex("0008000201120003"))),
    "exif cut": colour_png(chunk(b"eXIf", TURNED[:13])),
    "a text that is too long": colour_png(TOO_LONG),
    "the same behind the pixels": colour_png(after=TOO_LONG),
    "a wrong checksum": colour_png(chunk(b"tEXt", b"a\0b", damaged=True)),
    "no end": colour_png(end=False),
    "half a chunk behind": colour_png(after=chunk(b"tEXt", b"a\0b")[:9], end=False),
    "a strange profile": colour_png(chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))),
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_that_cannot_be_read_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.png").write_bytes(METADATA[name])
    np.testing.assert_array_equal(seen(tmp_path / "a.png"), COLOUR)


def test_the_orientation_survives_other_damage(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(colour_png(chunk(b"eXIf", TURNED), TOO_LONG))
    np.testing.assert_array_equal(seen(tmp_path / "a.png"), np.rot90(COLOUR, 3))


def exif_of(kind: int, count: int, value: bytes, tag: int = 0x010F) -> bytes:
    """EXIF data of the orientation 6 and of one more entry."""
    entries = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack(">HHI", tag, kind, count)
    return b"Exif\0\0MM\0*\0\0\0\x08\0\x02" + entries + value + bytes(20)


@pytest.mark.parametrize(
    ("exif", "turned"),
    [
        (exif_of(5, 1, b"\0\0\0\x26"), True),  # the maker's name is a fraction
        (exif_of(5, 1, b"\0\0\0\x26", 0x011A), True),  # resolution 0/0
        (exif_of(2, 1 << 30, b"\0\0\0\x26"), True),  # a text of a gigabyte
        (exif_of(77, 1, b"\0\0\0\0"), True),  # of no known type
        (b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\0\0\0\0\0", False),  # no values
        (b"Exif\0\0MM\0*\0\xff\xff\xff", False),  # cut
        (b"Exif\0\0??????????????", False),
    ],
)
def test_exif_data_of_a_jpeg(tmp_path: Path, exif: bytes, turned: bool) -> None:
    smooth = np.repeat(np.repeat(np.uint8([[20, 90], [160, 230]]), 8, 0), 8, 1)
    path = save(tmp_path / "a.jpg", smooth, quality=100, exif=exif)
    wanted = np.rot90(smooth, 3) if turned else smooth
    assert np.abs(seen(path, 1) - wanted.astype(float)).max() <= 2


def test_a_profile_of_rubbish_in_a_jpeg(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", GREY // 128 * 255, quality=100, icc_profile=b"\xff" * 999)
    assert np.abs(seen(path, 1) - (GREY // 128 * 255.0)).max() <= 2


def test_a_jpeg_whose_first_segment_is_too_short(tmp_path: Path) -> None:
    content = save(tmp_path / "a.jpg", COLOUR, quality=100).read_bytes()
    wanted = seen(tmp_path / "a.jpg")
    assert content[2:4] == b"\xff\xe0"
    (tmp_path / "b.jpg").write_bytes(content[:2] + b"\xff\xe0\0\x07JFIF\0" + content[20:])
    np.testing.assert_array_equal(seen(tmp_path / "b.jpg"), wanted)


@pytest.mark.parametrize(
    "content",
    [
        colour_png(TOO_LONG, cut=60),
        colour_png(cut=60, end=False),
        colour_png(chunk(b"tRNS", b"12", damaged=True)),
        colour_png()[:40],
        colour_png(chunk(b"pLTE", b"123", damaged=True)),  # it was a palette before a bit flipped
    ],
)
def test_pixels_that_are_missing_are_damage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DamagedImageError):
        decode(tmp_path / "a.png", SIZE, 3)
