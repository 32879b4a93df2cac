from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from ganpipe.core.errors import GanpipeError
from ganpipe.training.journal import COLUMNS, Journal


def parts(value: float) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name in ("d_loss", "g_loss", "d_real", "d_fake")}


def test_rows_are_means_and_grow_as_the_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    journal = Journal(path, every=2, total=5, model_name="m")
    counts = []
    for step in range(1, 6):
        journal.add(step, parts(float(step)), images_seen=step * 10, lr=0.5)
        counts.append(len(path.read_text().splitlines()) - 1)
    assert counts == [0, 1, 1, 2, 3]
    with path.open() as source:
        rows = list(csv.DictReader(source))
    assert tuple(rows[0]) == COLUMNS
    assert [float(row["d_loss"]) for row in rows] == [1.5, 3.5, 5.0]
    assert [int(row["images_seen"]) for row in rows] == [20, 40, 50]
    assert journal.last["g_loss"] == 5.0
    assert {row["penalty"] for row in rows} == {""}


def test_a_penalty_has_its_column(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    journal = Journal(path, every=2, total=2, model_name="m")
    for penalty in (0.5, 0.0):
        journal.add(1, parts(1.0) | {"penalty": torch.tensor(penalty)}, images_seen=0, lr=0.1)
    with path.open() as source:
        assert [row["penalty"] for row in csv.DictReader(source)] == ["0.25"]


@pytest.mark.parametrize("name", ["d_loss", "g_loss"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_first_step_that_diverged_is_named(tmp_path: Path, name: str, value: float) -> None:
    journal = Journal(tmp_path / "train.csv", every=4, total=8, model_name="dcgan")
    with pytest.raises(GanpipeError, match=r"'dcgan' is not finite since step 3; lower"):
        for step in range(1, 5):
            broken = {name: torch.tensor(value)} if step >= 3 else {}
            journal.add(step, parts(1.0) | broken, images_seen=0, lr=0.1)
    assert (tmp_path / "train.csv").read_text().count("\n") == 1  # no row made of NaN
