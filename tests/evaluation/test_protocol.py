"""Whatever decides a figure is in its protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.support import SHIPPED, command

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.evaluation import protocol as module
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.evaluation.evaluator import Evaluator
from ganpipe.evaluation.protocol import about_generated, protocol
from ganpipe.evaluation.reference import Sizes, reference_of
from ganpipe.features.build import open_extractor
from ganpipe.features.classifier import Classifier, ClassifierShape, save_classifier
from ganpipe.storage.files import sha256_of

CPU = torch.device("cpu")


def evaluate_config(**changes: Any) -> EvaluateConfig:
    content = SHIPPED.evaluate.model_dump(mode="json") | {"num_generated": 8, "max_features": 8}
    return validate(EvaluateConfig, content | changes, "params.yaml")


def record(
    folder: Path,
    config: EvaluateConfig,
    *,
    weights_seed: int = 0,
    size: int = 28,
    dataset: str = "mnist",
    num_reference: int = 6,
    max_searched: int = 10,
    images_seen: int = 100,
    seed: int = 0,
    model: str = "dcgan",
    conditional: bool = False,
    weights: str | None = None,  # which the file holds
    rule: str = "end of training",
    device: str = "cpu",
) -> dict[str, Any]:
    """The protocol that the stages write, from a classifier that has learnt nothing."""
    torch.manual_seed(weights_seed)
    shape = ClassifierShape(1, size, {"0": 0.5, "1": 0.5})
    path = folder / "classifier.safetensors"
    save_classifier(path, Classifier(shape), shape)
    extractor = open_extractor("classifier", path, None, CPU, config.precision)
    rng = np.random.default_rng(0)
    images = {
        name: rng.integers(0, 256, (10, 1, size, size), dtype=np.uint8)
        for name in ("train", "test")
    }
    sizes = Sizes(num_reference, config.max_features, max_searched, 10)
    facts = {"dataset": dataset, "image_size": size}
    reference = reference_of(extractor, images, config.split, sizes, facts)
    header = {
        "model_name": model,
        "model": {"conditional": conditional},
        "seed": seed,
        "images_seen": images_seen,
        "weights": weights or config.weights,
    }
    generated = about_generated(config, header, rule, device)
    evaluator = Evaluator(extractor, reference, config.num_generated, 10, config.max_features)
    return protocol(generated, {"classifier": evaluator.protocol()})


@pytest.fixture
def plain(tmp_path: Path) -> dict[str, Any]:
    return record(tmp_path, evaluate_config())


def test_every_fact_is_found_under_its_name(plain: dict[str, Any]) -> None:
    assert plain["generated"] == {
        "num_generated": 8,
        "quantisation": "uint8, rounded to nearest",
        "weights": "ema",
        "labels": "none",
        "checkpoint": "last",
        "checkpoint_rule": "end of training",
        "max_features": 8,
        "device": "cpu",
        "model": "dcgan",
        "seed": 0,
        "images_seen": 100,
    }
    facts = {
        "dataset": "mnist",
        "image_size": 28,
        "split": "train",
        "num_real": 6,
        "num_features": 6,
        "num_floor": 8,
        "num_searched": 10,
        "precision": "fp32",
    }
    assert {name: plain["classifier"].get(name) for name in facts} == facts


def test_images_from_elsewhere_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = ClassifierShape(1, 8, {"0": 0.5, "1": 0.5})
    weights = tmp_path / "classifier.safetensors"
    save_classifier(weights, Classifier(shape), shape)
    rng = np.random.default_rng(0)
    for name, num in (("fake.npz", 5), ("real.npz", 6)):
        images = rng.integers(0, 256, (num, 8, 8, 1), dtype=np.uint8)
        np.savez(tmp_path / name, images=images)
    fake, real = str(tmp_path / "fake.npz"), str(tmp_path / "real.npz")
    extractor = ["--extractor", "classifier", "--classifier", str(weights), "--device", "cpu"]
    for more in ([], ["--fid-only"]):
        command("score", [fake, "--reference", real, *extractor, "--json", *more])
        said = json.loads(capsys.readouterr().out)["protocol"]
        assert said["generated"] == {
            "source": fake,
            "num_generated": 5,
            "image_size": "8 x 8",
            "channels": 1,
            "max_features": 10000,
            "device": "cpu",
        }
        assert said["classifier"]["num_real"] == 6
        assert said["classifier"]["source"] == real
        assert said["classifier"]["weights_sha256"] == sha256_of(weights)


@pytest.mark.parametrize(
    "change",
    [
        {"num_generated": 9},
        {"weights": "raw"},
        {"checkpoint": "best"},
        {"split": "test"},
        {"precision": "bf16"},
        {"max_features": 7},
    ],
    ids=str,
)
def test_a_parameter_changes_the_protocol(
    change: dict[str, Any], plain: dict[str, Any], tmp_path: Path
) -> None:
    assert record(tmp_path, evaluate_config()) == plain
    assert record(tmp_path, evaluate_config(**change)) != plain


@pytest.mark.parametrize(
    "change",
    [
        {"weights_seed": 1},
        {"size": 32},
        {"dataset": "fashion_mnist"},
        {"num_reference": 5},
        {"max_searched": 9},
        {"images_seen": 101},
        {"seed": 1},
        {"model": "mlp"},
        {"conditional": True},
        {"rule": "lowest fid_classifier of 2000 images from fixed noise"},
        {"device": "cuda"},
        {"weights": "raw"},
    ],
    ids=str,
)
def test_a_fact_changes_the_protocol(
    change: dict[str, Any], plain: dict[str, Any], tmp_path: Path
) -> None:
    assert record(tmp_path, evaluate_config(), **change) != plain


def test_versions_quantisation_and_resizing_are_in_it(
    plain: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plain["generated"]["quantisation"] == "uint8, rounded to nearest"
    assert plain["classifier"]["resize"] == "none"
    named = {"ganpipe", "torch", "torchvision", "numpy", "pillow", "scipy"}
    assert named <= plain["versions"].keys()
    original: Callable[[str], str] = module.version
    monkeypatch.setattr(module, "version", lambda name: original(name) + "+other")
    assert record(tmp_path, evaluate_config()) != plain


def test_the_number_of_held_out_images_is_that_of_the_floor(tmp_path: Path) -> None:
    """As many as are judged, where the split and evaluate.max_features give so many."""
    for changes, expected in (({"num_generated": 7}, 7), ({"num_generated": 11}, 8)):
        assert record(tmp_path, evaluate_config(**changes))["classifier"]["num_floor"] == expected


def test_it_is_made_of_nested_dicts_alone(plain: dict[str, Any]) -> None:
    """DVC drops lists."""
    for part in plain.values():
        assert isinstance(part, dict)
        assert all(isinstance(value, str | int) for value in part.values())


def test_the_best_snapshot_needs_snapshots_that_are_scored() -> None:
    for change in ({"weights": "raw"}, {"snapshots": {"extractor": "none", "num_generated": 9}}):
        with pytest.raises(GanpipeError, match="checkpoint best needs"):
            evaluate_config(checkpoint="best", **change)


def test_fp32_is_not_rounded_by_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    record(tmp_path, evaluate_config())
    assert not torch.backends.cudnn.allow_tf32


def test_bf16_figures_have_names_of_their_own(tmp_path: Path) -> None:
    record(tmp_path, evaluate_config())
    path = tmp_path / "classifier.safetensors"
    extractor = open_extractor("classifier", path, None, CPU, "bf16")
    assert extractor.key("fid") == "fid_classifier_bf16"
    assert extractor.key("fid_std") == "fid_classifier_bf16_std"
