"""What windows of all browsers share: the pictures that a page shows, and how they change."""

from __future__ import annotations

import io
import shutil
import time
from base64 import b64decode
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PIL import Image

SECONDS = 60  # for what takes 2 on a machine that is not busy
GRID = "#grid canvas"


def program(names: Sequence[str], package: str) -> str:
    """The path of the first program there is; the test fails where there is none."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail(
            f"no {names[0]} is installed, in which the page is tested; on Debian: "
            f"apt-get install {package}"
        )
    return found


class Canvases:
    """The canvases of a page, which selectors find."""

    def urls(self, where: str) -> list[str]:
        """Their content as PNG files in data URLs."""
        raise NotImplementedError

    def pictures(self, where: str = GRID) -> np.ndarray:
        """uint8 (N, h, w, 3) of all canvases that a selector finds."""
        files = [io.BytesIO(b64decode(url.partition(",")[2])) for url in self.urls(where)]
        rgba = np.stack([np.asarray(Image.open(file)) for file in files])
        assert (rgba[..., 3] == 255).all()
        return rgba[..., :3]

    def changed(self, where: str, action: Callable[[], object]) -> np.ndarray:
        """The pictures after an action, which must change them."""
        before = self.pictures(where)
        action()
        return self._until(where, lambda now: not np.array_equal(now, before), "stays as it is")

    def shows(self, where: str, wanted: np.ndarray) -> None:
        """The pictures must become those wanted, within one grey level and but for a few equal."""

        def same(now: np.ndarray) -> bool:
            difference = np.abs(now.astype(int) - wanted.astype(int))
            return bool(difference.max() <= 1 and (difference > 0).mean() < 1e-3)

        self._until(where, same, "shows something else")

    def _until(self, where: str, holds: Callable[[np.ndarray], bool], else_: str) -> np.ndarray:
        for _ in range(10 * SECONDS):
            if holds(now := self.pictures(where)):
                return now
            time.sleep(0.1)
        raise AssertionError(f"{where} {else_}")
