"""Figures on a page: their names, what stands beside them, and what is shown first."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from helpers.support import ROOT

from ganpipe.export.page.figures import (
    BESIDE,
    EXTRACTORS,
    MEANINGS,
    figures_table,
    highlights,
    title,
)

FIGURES = {
    "fid_classifier": 3.25,
    "fid_classifier_std": 0.125,
    "fid_classifier_floor": 0.5,
    "l1": 0.25,
    "l1_unchanged": 0.75,
    "l1_b_to_a": 0.125,
    "l1_unchanged_b_to_a": 0.875,
    "classes_covered": 10,
    "something_new": 1.5,
    "protocol": "01234567",
}


def test_figures_stand_with_their_spread_and_floor() -> None:
    rows = re.findall(r"<tr>(.*?)</tr>", figures_table(FIGURES))
    texts = [re.sub(r"(<[^>]*>)+", "|", row).strip("|") for row in rows]
    assert texts[1].startswith("FID (classifier)|3.25 ± 0.12|0.5|↓ lower|")
    assert texts[2].startswith("L1|0.25|")
    assert texts[2].endswith("of the unchanged picture 0.75")
    assert texts[3].startswith("L1 (the way back)|0.125|")
    assert texts[3].endswith("of the unchanged picture 0.875")
    assert [text.split("|")[0] for text in texts[4:]] == ["classes covered", "something_new"]
    assert "floor 0.5" in highlights(FIGURES)


@pytest.mark.parametrize(
    ("figures", "first"),
    [
        (FIGURES, ["FID (classifier)", "L1", "classes covered"]),
        ({"kid_digits": 0.1, "fid_digits": 2.5, "modes_covered": 900, "mode_kl": 0.5},
         ["FID (digits)", "modes covered"]),
        ({"fid_classifier": 1.5, "fid": 9.5, "class_accuracy": 0.5},
         ["FID", "FID (classifier)"]),
        ({"fid_classifier_bf16": 1.5, "classes_covered_bf16": 10},
         ["FID (classifier, bf16)", "classes covered (bf16)"]),
        ({"fid_infinity": 1.5, "kid": 0.5}, []),
    ],
)  # fmt: skip
def test_a_page_begins_with_a_few_figures(figures: dict[str, float], first: list[str]) -> None:
    assert re.findall("<dt>(.*?)</dt>", highlights(figures)) == first


def named(document: str, heading: str) -> Iterator[tuple[str, str]]:
    """The first and the last cell of each row of the tables that begin with ``heading``."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    for table in re.findall(rf"^\| {heading} \|.*\n\|---.*\n((?:\n?\|.*\n)+)", text, re.MULTILINE):
        for row in filter(None, table.splitlines()):
            cells = row.strip("| ").split(" | ")
            yield cells[0], cells[-1]


@pytest.mark.parametrize(("document", "least"), [("evaluation.md", 20), ("translation.md", 8)])
def test_every_figure_that_is_described_has_a_name_for_people(document: str, least: int) -> None:
    names = [name for cell, _ in named(document, "metric") for name in re.findall("`(.*?)`", cell)]
    assert len(names) >= least
    for name in names:
        if name.startswith("_"):
            assert name in BESIDE
            continue
        for suffix in BESIDE:
            name = name.replace(suffix, "")
        words = title(name).split(" (")[0]
        assert words in {meaning.name for meaning in MEANINGS.values()}, name


def test_every_extractor_that_is_described_is_named() -> None:
    endings = [each for _, cell in named("evaluation.md", "extractor") for each in
               re.findall("`_(.*?)`", cell)]  # fmt: skip
    assert set(endings) == EXTRACTORS.keys()
