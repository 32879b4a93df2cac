"""A Chromium's window on a page that is a file."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from ganpipe.core import paths
from helpers.canvases import SECONDS, Canvases, program

READ = "elements => elements.map(canvas => canvas.toDataURL())"


def chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return program(names, package="chromium")


class Reader(Canvases):
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

    def urls(self, where: str) -> list[str]:
        found: list[str] = self.page.locator(where).evaluate_all(READ)
        return found

    def says(self, words: str) -> None:
        """The line that tells of changes must come to contain ``words``."""
        expect(self.page.get_by_role("status")).to_contain_text(words, timeout=1000 * SECONDS)

    @property
    def seed(self) -> int:
        return int(self.page.get_by_label("Seed", exact=True).input_value())

    def slide(self, name: str, value: float) -> None:
        self.page.get_by_role("slider", name=name).fill(str(value))
