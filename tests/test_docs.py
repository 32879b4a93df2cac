"""The pages of docs/: tables are whole, and name what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps
from helpers.support import ROOT, SHIPPED

from ganpipe.params import load_params

PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), ROOT / "benchmarks/README.md"])
TRAININGS = re.compile(
    r"^ *python (benchmarks/(?:models|translators|hybrids|stacked)\.py) (.*)$", re.M
)
OPTION = r"--\S+ \S+"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_table_has_a_head(page: Path) -> None:
    """Without one, as after a blank line amid a table, rows are shown as text."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        head, *rows = table.splitlines()
        assert rows, head
        assert re.fullmatch(r"\|(?: *:?-+:? *\|)+", rows[0]), head


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_benchmarks_are_asked_for_trainings_that_they_have(page: Path) -> None:
    for script, arguments in TRAININGS.findall(page.read_text(encoding="utf-8")):
        program = (ROOT / script).read_text(encoding="utf-8")
        for name in shlex.split(re.sub(OPTION, "", arguments)):
            of_blocks = script == "benchmarks/models.py" and name in SHIPPED.models
            assert of_blocks or f'"{name}"' in program, f"{script} trains no {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_changes_that_are_shown_make_sense(page: Path, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    for change in re.findall(r"`-S '([^'`]+)'`", page.read_text(encoding="utf-8")):
        path.write_bytes((ROOT / "params.yaml").read_bytes())
        for overrides in get_hydra_sweeps({path: [change]}):
            apply_overrides(path, overrides[path])
            load_params(path)


def test_every_stage_says_what_an_interruption_costs() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    table = page.partition("## The other stages\n")[2].partition("## ")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| ([^|]*)\|", table, re.M)))
    assert sorted(named) == sorted(stages.keys() - {"train"})
