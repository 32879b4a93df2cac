"""Images of 16 bits and of numbers, and the levels that become black and white."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers.image_files import DEEP, GREY, SIZE, chunk, png, save, seen

from ganpipe.data.prepare.images import decode
from ganpipe.data.prepare.notes import DamagedImageError, Notes


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
