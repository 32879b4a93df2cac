"""Networks and figures on a page that are of other weights than those of the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.exported import samplers_of

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.export.onnx import export_onnx
from ganpipe.export.page.belonging import of_evaluation
from ganpipe.export.page.report import report
from ganpipe.export.page.write import write_run_page
from ganpipe.params import load_params
from ganpipe.sampling.trained import Trained
from ganpipe.storage.tensor_file import read_tensors, recorded_digest, write_tensors


def written(**options: bool) -> str:
    write_run_page(paths.PAGE, load_params().of_the_run(), **options)
    return paths.PAGE.read_text(encoding="utf-8")


FIGURES_AGAIN = "metrics/evaluate.json is of other weights than models/generator.safetensors"
SNAPSHOTS_AGAIN = "metrics/snapshots.csv is of other snapshots"


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("way", ["", "b_to_a"])
def test_networks_and_figures_of_an_earlier_training_are_not_those_of_a_later(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    for file in (paths.generator(way), paths.snapshot(64, way), paths.snapshot(128, way)):
        header, tensors = read_tensors(file, torch.device("cpu"))
        next(iter(tensors.values())).view(-1)[0] += 1
        write_tensors(file, tensors, header)
    said = f"{paths.onnx(way)} is of other weights than {paths.generator(way)}"
    with pytest.raises(GanpipeError, match=rf"{said}.*`dvc repro export`"):
        written(only_whole=True)
    assert not paths.PAGE.exists()
    text = written()
    assert f"The network does not run in this page: {said}" in text
    figures = not way
    for sentence in (FIGURES_AGAIN, SNAPSHOTS_AGAIN):
        assert (sentence in text) == (sentence in caplog.text) == figures
    assert ("FID (classifier)</th>" in text) != figures
    assert ("Share of each class" in text) != figures
    assert ("Closest training images" in text) != figures
    assert ('class="highlights"' in text) != figures


@pytest.mark.usefixtures("copied")
def test_an_earlier_file_that_says_not_of_which_weights_it_is_is_not_trusted() -> None:
    (sampler,) = samplers_of("mlp").values()
    export_onnx(sampler, paths.onnx(), metadata={})
    for file in (paths.EVALUATE_PROTOCOL, paths.SNAPSHOT_PROTOCOL):
        content = json.loads(file.read_text())
        del content["generated"]["weights_sha256"]
        file.write_text(json.dumps(content))
    with pytest.raises(GanpipeError, match="or does not say of which"):
        written(only_whole=True)
    text = written()
    assert FIGURES_AGAIN in text
    assert SNAPSHOTS_AGAIN in text
    assert "FID (classifier) 7.5" not in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"seed": 4}, "since this network was trained (seed), so"),
        ({"dataset": "cifar10"}, "trained (dataset), so"),
        ({"models.gan": {"latent_dim": 8}}, "trained (models.gan), so"),
        ({"model": "other", "models.other": {"latent_dim": 9}}, "trained (model), so"),
    ],
)
def test_parameters_that_have_changed_since_are_said_to_be_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    about = {"model_name": "gan", "dataset": "mnist", "seed": 3, "model": {"latent_dim": 9}}
    params = {"model": "gan", "dataset": "mnist", "seed": 3, "models.gan": {"latent_dim": 9}}
    sampler = samplers_of("mlp")[""]
    text = report(Trained(sampler, about), params | changes, None, of_evaluation())[-1]
    assert said in text
    assert ("params.yaml has changed" in text) == bool(said)
    assert "has changed" not in report(Trained(sampler, {}), params, None, of_evaluation())[-1]


@pytest.mark.usefixtures("copied")
def test_figures_of_the_best_snapshot_are_said_to_be_its() -> None:
    content = json.loads(paths.EVALUATE_PROTOCOL.read_text())
    digest = recorded_digest(paths.snapshot(64))
    content["generated"] |= {"images_seen": 64, "weights_sha256": digest}
    paths.EVALUATE_PROTOCOL.write_text(json.dumps(content))
    text = written(only_whole=True)
    assert "They are of the snapshot after 64 images, not of the network of this page." in text
    assert "FID (classifier)</th>" in text
    assert 'class="highlights"' not in text
