"""A browser's window on a page that is a file."""

from __future__ import annotations

import io
import shutil
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from ganpipe.core import paths

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60  # for what takes 2 on a machine that is not busy
GRID = "#grid canvas"
READ = "elements => elements.map(canvas => canvas.toDataURL())"


def chromium() -> str:
    """The program; the test fails where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail(
            "no Chromium is installed, in which the page is tested; on Debian or Ubuntu: "
            "apt-get install chromium"
        )
    return found


class Reader:
    """A browser's window on one page, whose errors and requests it remembers."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.folder = folder
        self.page: Page = browser.new_page(offline=True)
        self.page.set_default_timeout(1000 * SECONDS)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url.split(":")[0]))

    def open(self, address: str = "") -> Reader:
        """Open the page anew, and wait until it has drawn."""
        self.page.goto("about:blank")
        self.page.goto((self.folder / paths.PAGE).as_uri() + address)
        self.page.locator("html:not([data-state=loading])").wait_for(state="attached")
        return self

    def pictures(self, where: str = GRID) -> np.ndarray:
        """uint8 (N, h, w, 3) of all canvases that a selector finds."""
        urls = self.page.locator(where).evaluate_all(READ)
        files = [io.BytesIO(b64decode(url.partition(",")[2])) for url in urls]
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
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{where} {else_}")

    def says(self, words: str) -> None:
        """The line that tells of changes must come to contain ``words``."""
        expect(self.page.get_by_role("status")).to_contain_text(words, timeout=1000 * SECONDS)

    @property
    def seed(self) -> int:
        return int(self.page.get_by_label("Seed", exact=True).input_value())

    def slide(self, name: str, value: float) -> None:
        self.page.get_by_role("slider", name=name).fill(str(value))
