"""The stage `export`, on weights that nobody trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import onnx
import pytest
from helpers.exported import samplers_of
from helpers.weights import saved

from ganpipe.core import paths
from ganpipe.evaluation.protocol import protocol_hash
from ganpipe.export import run
from ganpipe.sampling.trained import save_sampler
from ganpipe.storage.files import write_json
from ganpipe.storage.tensor_file import recorded_digest


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    paths.MODELS.mkdir()
    return tmp_path


def protocol_of(**changes: object) -> dict[str, object]:
    """The protocol of the generator in this folder."""
    about = {"model": "mlp", "seed": 3, "images_seen": 0, "weights": "ema", "num_generated": 9}
    about |= {"weights_sha256": recorded_digest(paths.GENERATOR)}  # type: ignore[dict-item]
    return {"generated": about | changes, "versions": {}}


def metadata(way: str = "") -> dict[str, object]:
    model = onnx.load(paths.onnx(way))
    return {each.key: json.loads(each.value) for each in model.metadata_props}


def test_the_file_says_what_was_trained_and_by_which_protocol_it_was_measured(place: Path) -> None:
    saved(paths.GENERATOR, "mlp", dataset="mnist")
    write_json(paths.EVALUATE_PROTOCOL, protocol_of())
    run.export("fp32")
    found = metadata()
    assert (found["model"], found["dataset"], found["seed"]) == ("mlp", "mnist", 3)
    assert found["protocol"] == protocol_hash(protocol_of())
    figures = json.loads(paths.EXPORT_METRICS.read_text())
    assert figures.keys() == {"onnx_max_difference", "onnx_pixels_differ"}  # which fit a screen
    assert figures["onnx_max_difference"] <= 1e-4
    assert figures["onnx_pixels_differ"] <= 1e-3
    assert found["weights_sha256"] == recorded_digest(paths.GENERATOR)


@pytest.mark.parametrize("digest", ["of another training", None])
def test_a_protocol_of_other_weights_is_not_theirs(place: Path, digest: str | None) -> None:
    """Though model, seed and images seen are the same, or where it does not say of which it is."""
    saved(paths.GENERATOR, "mlp", dataset="mnist")
    write_json(paths.EVALUATE_PROTOCOL, protocol_of(weights_sha256=digest))
    run.export("fp32")
    assert metadata()["protocol"] is None


def test_both_directions_of_a_translator_are_exported(place: Path) -> None:
    for way, sampler in samplers_of("cyclegan").items():
        name = "" if way in ("", "a_to_b") else way
        save_sampler(paths.generator(name), sampler, {})
    back = {"weights_sha256_b_to_a": recorded_digest(paths.generator("b_to_a"))}
    write_json(paths.EVALUATE_PROTOCOL, protocol_of(**back))
    run.export("fp32")
    assert sorted(path.name for path in paths.EXPORT.iterdir()) == [
        "generator.onnx",
        "generator_b_to_a.onnx",
    ]
    figures = json.loads(paths.EXPORT_METRICS.read_text())
    assert {"onnx_max_difference", "onnx_max_difference_b_to_a"} <= figures.keys()
    assert metadata()["protocol"] == metadata("b_to_a")["protocol"] == protocol_hash(protocol_of())


def test_without_its_packages_the_stage_says_so_and_the_pipeline_goes_on(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(run, "missing", lambda: ["onnxscript"])
    shutil.rmtree(paths.MODELS)  # nothing is read
    run.export("fp32")
    (said,) = caplog.messages
    assert "since onnxscript cannot be imported; install" in said
    assert "dvc repro --force --single-item export" in said
    left_out = {"onnx": "left out: onnxscript not installed"}
    assert json.loads(paths.EXPORT_METRICS.read_text()) == left_out
    assert [path.name for path in paths.EXPORT.iterdir()] == ["none.json"]
