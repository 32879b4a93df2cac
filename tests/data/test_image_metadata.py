"""Images with damaged metadata, to the exact pixel, and with damaged pixels."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers.image_files import COLOUR, GREY, SIZE, chunk, png, save, seen

from ganpipe.data.prepare.images import decode
from ganpipe.data.prepare.notes import DamagedImageError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged metadata


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
