from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from helpers.support import small_model, spec_of

from ganpipe.core.errors import GanpipeError
from ganpipe.methods.build import build_method
from ganpipe.training.journal import Journal

LOGGED = ("d_loss", "g_loss", "d_real", "d_fake", "penalty")


def parts(value: float) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name in LOGGED[:4]}


def journal_in(folder: Path, every: int, total: int, model_name: str = "m") -> Journal:
    path = folder / "train.csv"
    return Journal(path, logged=LOGGED, every=every, total=total, model_name=model_name)


def rows_of(journal: Journal) -> list[dict[str, str]]:
    with journal.path.open() as source:
        return list(csv.DictReader(source))


def test_rows_are_means_and_grow_as_the_run_goes_on(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, every=2, total=5)
    counts = []
    for step in range(1, 6):
        journal.add(step, parts(float(step)), images_seen=step * 10, lr=0.5)
        counts.append(len(journal.path.read_text().splitlines()) - 1)
    assert counts == [0, 1, 1, 2, 3]
    rows = rows_of(journal)
    assert tuple(rows[0]) == journal.columns
    assert [float(row["d_loss"]) for row in rows] == [1.5, 3.5, 5.0]
    assert [int(row["images_seen"]) for row in rows] == [20, 40, 50]
    assert journal.last["g_loss"] == 5.0
    assert {row["penalty"] for row in rows} == {""}


def test_a_row_is_handed_back_where_one_was_written(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, every=2, total=3)
    found = [journal.add(step, parts(1.0), images_seen=step, lr=0.5) for step in (1, 2, 3)]
    assert [row and row["step"] for row in found] == [None, 2, 3]


def test_a_penalty_has_its_column(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, every=2, total=2)
    for penalty in (0.5, 0.0):
        journal.add(1, parts(1.0) | {"penalty": torch.tensor(penalty)}, images_seen=0, lr=0.1)
    assert [row["penalty"] for row in rows_of(journal)] == ["0.25"]


def test_what_only_some_steps_log_is_averaged_over_those(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, every=3, total=9)
    for step in range(1, 10):
        lazily = {"penalty": torch.tensor(float(step))} if step in (1, 3, 6) else {}
        journal.add(step, parts(1.0) | lazily, images_seen=0, lr=0.1)
    assert [row["penalty"] for row in rows_of(journal)] == ["2", "6", ""]
    assert [row["d_loss"] for row in rows_of(journal)] == ["1"] * 3


@pytest.mark.parametrize("name", ["dcgan", "wgan_gp"])
def test_the_columns_are_what_the_method_logs(tmp_path: Path, name: str) -> None:
    method = build_method(small_model(name), spec_of(), 0)
    path = tmp_path / "train.csv"
    Journal(path, logged=method.logged, every=1, total=1, model_name=name)
    assert path.read_text() == f"step,images_seen,{','.join(method.logged)},lr\n"
    assert path.read_text() == "step,images_seen,d_loss,g_loss,d_real,d_fake,penalty,lr\n"


def test_an_epoch_without_a_row_is_told_without_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_in(tmp_path, every=50, total=100)
    journal.add(1, parts(1.5), images_seen=8, lr=0.1)
    journal.epoch(1, 4, 123.4)
    assert journal.bar.disable  # no terminal here
    assert rows_of(journal) == []
    assert capsys.readouterr().err == "epoch 1/4: 123 images/s\n"


def test_an_epoch_is_told_with_the_first_figures_of_the_last_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_in(tmp_path, every=1, total=100)
    journal.add(1, parts(1.5) | {"penalty": torch.tensor(3.0)}, images_seen=8, lr=0.1)
    journal.epoch(2, 4, 99.6)
    expected = "epoch 2/4: 100 images/s, d_loss 1.500, g_loss 1.500, d_real 1.500, d_fake 1.500\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize("name", ["d_loss", "g_loss"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_first_step_that_diverged_is_named(tmp_path: Path, name: str, value: float) -> None:
    journal = journal_in(tmp_path, every=4, total=8, model_name="dcgan")
    with pytest.raises(GanpipeError, match=r"'dcgan' is not finite since step 3; lower"):
        for step in range(1, 5):
            broken = {name: torch.tensor(value)} if step >= 3 else {}
            journal.add(step, parts(1.0) | broken, images_seen=0, lr=0.1)
    assert (tmp_path / "train.csv").read_text().count("\n") == 1  # no row made of NaN
