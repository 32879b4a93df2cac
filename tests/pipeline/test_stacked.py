"""Stacked MNIST from a tiny MNIST through the whole pipeline, and what does not fit it."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import tiny_data
from helpers.project import make_project, offer_tiny_mnist
from helpers.support import SHIPPED

from ganpipe.core.errors import GanpipeError
from ganpipe.params import Params, check


def test_modes_are_measured_through_the_pipeline(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    offer_tiny_mnist(project, tmp_path)
    project.set(dataset="stacked_mnist", model="toy_mlp", train__epochs=1, train__batch_size=4)
    project.set(evaluate__extractors="auto", evaluate__num_generated=24)
    project.dvc("repro", "prepare")
    del project.environment["PYTHONPATH"]  # later stages refuse what they do not import themselves
    project.dvc("repro", "evaluate")
    figures, protocol = project.json("metrics/evaluate.json"), project.json("metrics/protocol.json")
    for name in ("modes_covered", "modes_covered_floor"):
        assert 1 <= figures[name] <= 24
    assert min(figures["mode_kl"], figures["mode_kl_floor"]) > 0
    assert protocol["modes"]["num_floor"] == 24
    assert protocol["modes"]["num_training"] == tiny_data.TRAIN
    assert "fid_digits" in figures
    assert not [name for name in figures if name.startswith("class")]
    tables = ("class_share", "class_fid", "confusion")
    for table in tables:
        assert (project.root / f"metrics/{table}.csv").read_text().count("\n") == 1  # the header
    assert project.json("data/prepared/spec.json")["num_test"] == 3 * tiny_data.TEST


@pytest.mark.parametrize(
    ("dataset", "extractors", "words"),
    [
        ("stacked_mnist", ["classifier"], "stacked_mnist have no classes.*name digits"),
        ("stacked_mnist", ["digits", "classifier"], "name digits"),
        ("mnist", ["digits"], "digits knows the modes of stacked_mnist, not mnist; name"),
    ],
)
def test_extractors_fit_the_dataset(dataset: str, extractors: list[str], words: str) -> None:
    content = SHIPPED.model_dump(mode="json")
    content["dataset"] = dataset
    content["evaluate"]["extractors"] = extractors
    with pytest.raises(GanpipeError, match=words):
        check(content, "params.yaml")
    content["evaluate"]["extractors"] = ["inception"]
    assert isinstance(check(content, "params.yaml"), Params)
