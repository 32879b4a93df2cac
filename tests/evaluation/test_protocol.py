"""Whatever decides a figure is in its protocol, and in the hash that the metrics carry."""

from __future__ import annotations

import json
import re
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
from ganpipe.evaluation.protocol import about_generated, protocol, protocol_hash
from ganpipe.evaluation.reference import Sizes, reference_of
from ganpipe.features.build import open_extractor
from ganpipe.features.classifier import Accuracy, Classifier, ClassifierShape, save_classifier
from ganpipe.features.config import Precision
from ganpipe.features.extractor import Extractor, WeightFiles
from ganpipe.storage.files import sha256_of

CPU = torch.device("cpu")
ACCURACY = Accuracy(value=0.99, num_test=1000)


def evaluate_config(**changes: Any) -> EvaluateConfig:
    content = SHIPPED.evaluate.model_dump(mode="json") | {"num_generated": 8, "max_features": 8}
    return validate(EvaluateConfig, content | changes, "params.yaml")


def open_classifier(path: Path, precision: Precision) -> Extractor:
    files = WeightFiles(classifier=path, inception=None)
    return open_extractor("classifier", files=files, device=CPU, precision=precision)


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
    accuracy: Accuracy = ACCURACY,
) -> dict[str, Any]:
    """The protocol that the stages write, from an untrained classifier."""
    torch.manual_seed(weights_seed)
    shape = ClassifierShape(1, size, {"0": 0.5, "1": 0.5})
    path = folder / "classifier.safetensors"
    save_classifier(path, Classifier(shape), shape, tested=accuracy)
    extractor = open_classifier(path, config.precision)
    rng = np.random.default_rng(0)
    images = {
        name: rng.integers(0, 256, (10, 1, size, size), dtype=np.uint8)
        for name in ("train", "test")
    }
    sizes = Sizes(
        num_reference=num_reference,
        max_features=config.max_features,
        max_searched=max_searched,
        batch_size=10,
    )
    facts = {"dataset": dataset, "image_size": size}
    reference = reference_of(extractor, images, split=config.split, sizes=sizes, protocol=facts)
    provenance = {
        "model_name": model,
        "seed": seed,
        "images_seen": images_seen,
        "weights": weights or config.weights,
    }
    generated = about_generated(
        config,
        provenance,
        num=config.num_generated,
        conditional=conditional,
        rule=rule,
        device=device,
    )
    evaluator = Evaluator(
        extractor=extractor,
        reference=reference,
        num=config.num_generated,
        batch_size=10,
        max_features=config.max_features,
    )
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
        "test_accuracy": 0.99,
        "num_test": 1000,
    }
    assert {name: plain["classifier"].get(name) for name in facts} == facts


def test_images_from_elsewhere_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = ClassifierShape(1, 8, {"0": 0.5, "1": 0.5})
    weights = tmp_path / "classifier.safetensors"
    save_classifier(weights, Classifier(shape), shape, tested=ACCURACY)
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
def test_a_parameter_changes_the_protocol_and_its_hash(
    change: dict[str, Any], plain: dict[str, Any], tmp_path: Path
) -> None:
    assert record(tmp_path, evaluate_config()) == plain
    changed = record(tmp_path, evaluate_config(**change))
    assert protocol_hash(changed) != protocol_hash(plain)


@pytest.mark.parametrize(
    "change",
    [
        {"weights_seed": 1},
        {"size": 32},
        {"dataset": "fashion_mnist"},
        {"num_reference": 5},
        {"max_searched": 9},
        {"rule": "lowest fid_classifier of the snapshots"},
        {"device": "cuda"},
        {"weights": "raw"},
        {"accuracy": Accuracy(value=0.98, num_test=1000)},
    ],
    ids=str,
)
def test_a_fact_of_the_method_changes_the_protocol_and_its_hash(
    change: dict[str, Any], plain: dict[str, Any], tmp_path: Path
) -> None:
    changed = record(tmp_path, evaluate_config(), **change)
    assert protocol_hash(changed) != protocol_hash(plain)


@pytest.mark.parametrize(
    "change",
    [{"images_seen": 101}, {"seed": 1}, {"model": "mlp"}, {"conditional": True}],
    ids=str,
)
def test_a_fact_of_the_generator_changes_the_protocol_but_not_its_hash(
    change: dict[str, Any], plain: dict[str, Any], tmp_path: Path
) -> None:
    """So that models that were measured alike have the same."""
    changed = record(tmp_path, evaluate_config(), **change)
    assert changed != plain
    assert protocol_hash(changed) == protocol_hash(plain)


def test_which_weights_were_measured_does_not_change_the_hash(plain: dict[str, Any]) -> None:
    digests = {"weights_sha256": "a", "weights_sha256_b_to_a": "b"}
    changed = {**plain, "generated": plain["generated"] | digests}
    assert protocol_hash(changed) == protocol_hash(plain)


def test_the_hash_is_eight_hex_digits(plain: dict[str, Any]) -> None:
    assert re.fullmatch("[0-9a-f]{8}", protocol_hash(plain))
    assert protocol_hash(dict(reversed(plain.items()))) == protocol_hash(plain)


def test_versions_quantisation_and_resizing_are_in_it(
    plain: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plain["generated"]["quantisation"] == "uint8, rounded to nearest"
    assert plain["classifier"]["resize"] == "none"
    named = {"ganpipe", "torch", "torchvision", "numpy", "pillow", "scipy"}
    assert named <= plain["versions"].keys()
    original: Callable[[str], str] = module.version
    monkeypatch.setattr(module, "version", lambda name: original(name) + "+other")
    changed = record(tmp_path, evaluate_config())
    assert protocol_hash(changed) != protocol_hash(plain)


def test_the_number_of_held_out_images_is_that_of_the_floor(tmp_path: Path) -> None:
    """As many as are evaluated, where the split and evaluate.max_features give so many."""
    for changes, expected in (({"num_generated": 7}, 7), ({"num_generated": 11}, 8)):
        assert record(tmp_path, evaluate_config(**changes))["classifier"]["num_floor"] == expected


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
    extractor = open_classifier(tmp_path / "classifier.safetensors", "bf16")
    assert extractor.key("fid") == "fid_classifier_bf16"
    assert extractor.key("fid_std") == "fid_classifier_bf16_std"
