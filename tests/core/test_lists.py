"""The lists that `check` writes, of a copy of the project in which a line is changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.project import edit_params
from helpers.support import ROOT, run_python

EVALUATION = {"reference", "snapshots", "evaluate"}
DRAWING = {
    "train",
    "sample",
    "snapshots",
    "evaluate",
    "export",
    "page",
}  # all that hold a generator
ALL = {"download", "prepare", "source", "classifier"} | EVALUATION | DRAWING


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lists")
    for name in ("src", "stages"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, root)
    (root / "data" / "images").mkdir(parents=True)
    return root


@pytest.fixture
def place(copied: Path) -> Iterator[Path]:
    """The copy, brought back afterwards."""
    yield copied
    for name in ("src", "stages"):
        shutil.copytree(ROOT / name, copied / name, dirs_exist_ok=True)
    shutil.copy(ROOT / "params.yaml", copied)


def lists(place: Path) -> dict[str, Any]:
    result = run_python("-m", "stages.check", cwd=place)
    assert result.returncode == 0, result.stderr
    return {path.stem: json.loads(path.read_text()) for path in (place / "data/code").iterdir()}


def changed(before: dict[str, Any], place: Path) -> set[str]:
    now = lists(place)
    return {stage for stage in before if before[stage] != now[stage]}


@pytest.mark.parametrize(
    ("name", "old", "new", "stages"),
    [
        ("metrics/inception_score.py", "np.exp(", "np.log(", EVALUATION),
        ("networks/dcgan.py", "0.2", "0.3", DRAWING),
        ("networks/mlp.py", "self", "this", set()),
        ("networks/layers/init.py", "0.02", "0.03", DRAWING),
        ("networks/configs/dcgan.py", 'Init = "normal_0.02"', 'Init = "xavier"', {"train", "page"}),
        ("networks/configs/mlp.py", 'Init = "torch"', 'Init = "xavier"', set()),
        ("networks/configs/base.py", "class Generator", "X = 1\n\n\nclass Generator", set()),
        ("objectives/losses/hinge.py", "1 - real", "2 - real", set()),
        ("objectives/losses/non_saturating.py", "-fake", "fake", {"train"}),
        ("objectives/penalties/r1.py", "/ 2", "/ 3", set()),
        ("optim/ema.py", "0.5 **", "0.6 **", {"train"}),
        ("sampling/samplers/noise.py", "crop(images)", "crop(-images)", DRAWING),
        ("storage/files.py", "1 << 20", "1 << 19", set()),
        ("recovery/checkpoint.py", "60.0", "61.0", set()),
    ],
)
def test_a_changed_line_changes_the_lists_of_the_stages_that_use_it(
    place: Path, name: str, old: str, new: str, stages: set[str]
) -> None:
    before = lists(place)
    path = place / "src" / "ganpipe" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert changed(before, place) == stages


def test_the_lists_hold_the_values_that_dvc_names(place: Path) -> None:
    edit_params(place / "params.yaml", {"model": "wgan_gp", "train.epochs": 7})
    found = lists(place)
    assert found.keys() == ALL
    values = found["train"]["params"]
    assert values.keys() == {"seed", "model", "models.wgan_gp", "optimizer", "train"}
    assert values["train"]["epochs"] == 7
    assert values["models.wgan_gp"]["latent"] == "normal"  # a default
    assert found["prepare"]["params"].keys() == {"dataset", "datasets.mnist"}


def test_another_model_changes_no_list_before_training(place: Path) -> None:
    before = lists(place)
    edit_params(place / "params.yaml", {"model": "mlp", "models.lsgan.latent_dim": 9})
    assert changed(before, place) == DRAWING


def test_the_frame_of_the_stages_is_on_every_list(place: Path) -> None:
    before = lists(place)
    path = place / "stages" / "__init__.py"
    path.write_text(path.read_text().replace('THREADS", "1"', 'THREADS", "2"'))
    assert changed(before, place) == ALL
