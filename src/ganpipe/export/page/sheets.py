"""Many pictures as one: sheets of snapshots and of test pictures, as data URLs."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ganpipe.sampling.grids import as_picture

SHEET_BYTES = 1_500_000  # of a sheet; a larger one is made of fewer pictures, or with loss
WIDEST = 8192  # pixels; WebP's limit is 16383
LOSSLESS = {"lossless": True, "quality": 80, "method": 4}
LOSSY = {"quality": 85, "method": 4}


class Sheet(NamedTuple):
    """Pictures of one size in rows, WebP as a data URL."""

    url: str
    width: int  # of a picture
    height: int
    columns: int
    kept: tuple[int, ...]  # the numbers of the pictures that it holds

    def place(self, index: int) -> dict[str, int]:
        """The upper left corner of the picture at a place of the sheet."""
        row, column = divmod(index, self.columns)
        return {"x": column * self.width, "y": row * self.height}

    def about(self, element: str) -> dict[str, Any]:
        """JSON content for the page's program; ``element`` holds the sheet there."""
        size = {"width": self.width, "height": self.height, "columns": self.columns}
        return {"element": element, "count": len(self.kept), **size}


def sheet(pictures: Sequence[np.ndarray], limit: float = SHEET_BYTES) -> Sheet:
    """``pictures``, uint8 (h, w, 1 or 3), on one sheet of at most ``limit`` bytes.

    There is no loss where that fits; otherwise there is and, where even that does not fit, every
    second, fourth, ... picture is kept, the last one among them.
    """
    height, width = pictures[0].shape[:2]
    kept = tuple(range(len(pictures)))
    options: dict[str, Any] = LOSSLESS
    while True:
        columns = max(1, min(len(kept), WIDEST // width, ceil(len(kept) ** 0.5)))
        data = _webp(_joined([pictures[index] for index in kept], columns), options)
        if len(data) <= limit or (options is LOSSY and len(kept) == 1):
            return Sheet(_url("webp", data), width, height, columns, kept)
        kept, options = (kept[::-2][::-1] if options is LOSSY else kept), LOSSY


def picture_url(file: Path) -> str:
    """A PNG file as a data URL."""
    return _url("png", file.read_bytes())


def _joined(pictures: Sequence[np.ndarray], columns: int) -> np.ndarray:
    height, width, channels = pictures[0].shape
    rows = -(-len(pictures) // columns)
    canvas = np.full((rows * height, columns * width, channels), 255, dtype=np.uint8)
    for index, picture in enumerate(pictures):
        y, x = index // columns * height, index % columns * width
        canvas[y : y + height, x : x + width] = picture
    return canvas


def _webp(pixels: np.ndarray, options: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    as_picture(pixels).convert("RGB").save(target, format="WEBP", **options)
    return target.getvalue()


def _url(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{b64encode(data).decode()}"
