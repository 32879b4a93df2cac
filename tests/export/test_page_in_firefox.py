"""The page in a real Firefox, opened from a file as by a double click, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from helpers.canvases import GRID
from helpers.drawn import FAR_SEED, drawn, translation
from helpers.firefox import Firefox
from helpers.pages import Pages

from ganpipe.core import paths
from ganpipe.export.page.networks import COUNT

LEFT = "\ue012"  # the arrow key, as WebDriver names it
BROKEN = """<!doctype html><html data-state="ready">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'">
<script>console.error("a message"); nowhere();</script>
<img src="data:image/png;base64,AAAA">
"""


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    window = Firefox(tmp_path_factory.mktemp("firefox") / "profile")
    yield window
    window.close()


def test_a_generator_draws_what_python_draws(firefox: Firefox, pages: Pages) -> None:
    folder = pages["styled"]
    firefox.open(folder / paths.PAGE)
    firefox.shows(GRID, drawn(folder, 0))
    firefox.type("#seed", str(FAR_SEED))
    firefox.shows(GRID, drawn(folder, FAR_SEED))
    firefox.click("#classes label:nth-of-type(2)")
    firefox.shows(GRID, drawn(folder, FAR_SEED, label=0))
    firefox.type("#truncation", LEFT)
    given = {"truncation": torch.full((COUNT,), 0.9)}
    firefox.shows(GRID, drawn(folder, FAR_SEED, label=0, given=given))
    assert not firefox.complaints


def test_a_translator_draws_what_python_draws(firefox: Firefox, pages: Pages) -> None:
    folder = pages["translator"]
    firefox.open(folder / paths.PAGE)
    firefox.click("#grid label:nth-of-type(5)")
    firefox.shows("#translated", translation(folder, "", number=4))
    assert not firefox.complaints


def test_complaints_of_a_page_are_seen(firefox: Firefox, tmp_path: Path) -> None:
    page = tmp_path / "broken.html"
    page.write_text(BROKEN)
    firefox.open(page)
    told = "\n".join(firefox.complaints)
    for word in ("a message", "nowhere", "img-src"):
        assert word in told
