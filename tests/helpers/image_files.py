"""Small images as files, and what is seen in them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganpipe.data.prepare.images import decode, decode_as_it_is, is_grey

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


def chunk(name: bytes, content: bytes, damaged: bool = False) -> bytes:
    """A chunk of a PNG file, with the right checksum or another."""
    checksum = zlib.crc32(name + content) ^ damaged
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(*chunks: bytes, end: bool = True) -> bytes:
    """A PNG file of these chunks."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + (chunk(b"IEND", b"") if end else b"")
