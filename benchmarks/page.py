"""Time the page of the run in this folder in a headless Chromium: seconds from opening the file to
the first images, milliseconds of an image thereafter, and the size of the file.

    python benchmarks/page.py
"""

from __future__ import annotations

import shutil
import sys
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from ganpipe.core import paths

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPENED = 5  # times, each in a browser of its own, since a browser keeps what it compiled
SEEDS = 10  # drawn in each of them

# Settles when the page says that the images of a seed are drawn.
DRAWN = """new Promise(done => new MutationObserver((_, watch) => {
  if (!status.textContent.includes("of seed")) return;
  watch.disconnect();
  done();
}).observe(status, { childList: true, characterData: true, subtree: true }))"""
DRAW = f"""async () => {{
  const status = document.getElementById("status");
  const start = performance.now();
  const drawn = {DRAWN};
  document.getElementById("next-seed").click();
  await drawn;
  return performance.now() - start;
}}"""
FIRST = f"""addEventListener("DOMContentLoaded", () => {{
  const status = document.getElementById("status");
  window.first = {DRAWN}.then(() => performance.now());
}})"""


def times(browser: Browser) -> tuple[float, list[float]]:
    """Milliseconds to the first images, and those of an image for each further seed."""
    page = browser.new_page(offline=True)
    page.add_init_script(FIRST)
    page.goto(paths.PAGE.absolute().as_uri())
    first: float = page.evaluate("window.first")
    page.locator("html[data-state=ready]").wait_for(state="attached")
    count = page.locator("#grid canvas").count()
    return first, [page.evaluate(DRAW) / count for _ in range(SEEDS)]


def main() -> None:
    """Print the medians."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit("no Chromium is installed")
    firsts, images = [], []
    with sync_playwright() as tool:
        for _ in range(OPENED):
            arguments = ["--no-sandbox"]
            browser = tool.chromium.launch(executable_path=program, args=arguments)
            first, each = times(browser)
            browser.close()
            firsts.append(first)
            images += each
    print(f"first images after {median(firsts) / 1000:.2f} s ({max(firsts) / 1000:.2f} s at most)")
    print(
        f"{median(images):.1f} ms an image; the file has {paths.PAGE.stat().st_size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
