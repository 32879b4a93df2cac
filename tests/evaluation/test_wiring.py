"""Images that the stages evaluate and compare with: each figure made again from their files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.evaluated import (
    CPU,
    NUM,
    NUM_TEST,
    NUM_TRAIN,
    OF_SNAPSHOTS,
    distance,
    drawn,
    fid,
    labels_of,
    outputs_of,
    read,
    real,
    run_stage,
)
from helpers.project import edit_params
from PIL import Image

from ganpipe import params as parameters
from ganpipe.core import paths
from ganpipe.core.schema import Strict
from ganpipe.evaluation.protocol import protocol_hash
from ganpipe.evaluation.reference import fixed_order
from ganpipe.sampling.draw import CHUNK, draw
from ganpipe.sampling.standing import take_standing_statistics
from ganpipe.sampling.trained import load_trained
from ganpipe.storage.tensor_file import recorded_digest
from stages.check import definitions


@pytest.mark.usefixtures("place")
def test_the_reference_is_of_the_split_that_is_asked_for() -> None:
    with np.load(paths.REFERENCE / "classifier.npz") as content:
        protocol = json.loads(str(content["protocol"]))
        for name, images in {
            "features": real("train", 50),
            "held_out": real("test", NUM_TEST),
            "searched": real("train", 60),
        }.items():
            np.testing.assert_allclose(content[name], outputs_of(images).features, atol=1e-4)
    sizes = {name: protocol[name] for name in ("num_real", "num_searched", "num_train")}
    assert sizes == {"num_real": 50, "num_searched": 60, "num_train": NUM_TRAIN}


@pytest.mark.usefixtures("place")
def test_every_snapshot_is_evaluated_with_noise_of_its_own() -> None:
    found = read(paths.SNAPSHOT_METRICS)
    with paths.SNAPSHOT_CURVE.open() as file:
        rows = list(csv.DictReader(file))
    files = sorted(paths.SNAPSHOTS.iterdir())
    assert [paths.snapshot(int(row["images_seen"])) for row in rows] == files
    figures = [fid(drawn(path, OF_SNAPSHOTS, "snapshots")) for path in files]
    assert [float(row["fid_classifier"]) for row in rows] == pytest.approx(figures, rel=1e-5)
    assert found["best"]["fid_classifier"] == pytest.approx(min(figures), rel=1e-5)
    assert not torch.equal(
        drawn(files[0], OF_SNAPSHOTS, "snapshots"), drawn(files[0], OF_SNAPSHOTS, "evaluate")
    )
    floor = fid(real("test", NUM_TEST))
    assert found["fid_classifier_floor"] == pytest.approx(floor, rel=1e-5)
    record = read(paths.SNAPSHOT_PROTOCOL)
    assert record["generated"]["num_generated"] == OF_SNAPSHOTS
    digests = record["generated"]["weights_sha256"]
    assert [digests[row["images_seen"]] for row in rows] == [
        recorded_digest(each) for each in files
    ]
    assert record["classifier"]["num_floor"] == NUM_TEST
    assert found["protocol"] == protocol_hash(record)


@pytest.mark.parametrize(
    ("changes", "chosen", "rule"),
    [
        ({}, lambda: paths.GENERATOR, "end of training"),
        (
            {"checkpoint": "best"},
            lambda: min(paths.SNAPSHOTS.iterdir()),
            "lowest fid_classifier of the snapshots, by the protocol by hand",
        ),
        ({"weights": "raw"}, lambda: paths.GENERATOR_RAW, "end of training"),
    ],
    ids=["last", "best", "raw"],
)
def test_the_generator_that_is_asked_for_is_evaluated(
    evaluate: Callable[..., Any], changes: dict[str, str], chosen: Callable[[], Path], rule: str
) -> None:
    metrics = evaluate(**changes)
    weights = chosen()
    images = drawn(weights, NUM, "evaluate")
    assert metrics["fid_classifier"] == pytest.approx(fid(images), rel=1e-5)
    record = read(paths.EVALUATE_PROTOCOL)
    assert metrics["protocol"] == protocol_hash(record)
    said = record["generated"]
    about = load_trained(weights, CPU).provenance
    assert (said["checkpoint_rule"], said["labels"]) == (rule, "as in the training data")
    assert (said["weights"], said["images_seen"]) == (about["weights"], about["images_seen"])
    assert said["weights_sha256"] == recorded_digest(weights) is not None


def test_what_was_asked_for_stands_beside_what_is_predicted(evaluate: Callable[..., Any]) -> None:
    metrics = evaluate()
    with paths.CONFUSION.open() as file:
        rows = list(csv.DictReader(file))
    asked = labels_of(paths.GENERATOR, NUM, "evaluate")
    predicted = outputs_of(drawn(paths.GENERATOR, NUM, "evaluate")).logits.argmax(dim=1)
    classes = load_trained(paths.GENERATOR, CPU).sampler.domain.classes
    assert [row["asked"] for row in rows] == [classes[label] for label in asked]
    assert [row["seen"] for row in rows] == [classes[label] for label in predicted]
    assert metrics["class_accuracy"] == (asked == predicted).double().mean()
    with paths.CLASS_SHARES.open() as file:
        shares = {row["class"]: float(row["share"]) for row in csv.DictReader(file)}
    counts = predicted.bincount(minlength=len(classes)).tolist()
    assert shares == {name: count / NUM for name, count in zip(classes, counts, strict=True)}
    assert not any(name.startswith("class_share") for name in metrics)
    with paths.CLASS_FID.open() as file:
        fids = list(csv.DictReader(file))
    features = outputs_of(drawn(paths.GENERATOR, NUM, "evaluate")).features
    training = outputs_of(real("train", 50)).features
    labels = np.load(paths.PREPARED / "train_labels.npy")[fixed_order(NUM_TRAIN)[:50]]
    sides = [(features[asked == k], training[labels == k]) for k in range(len(classes))]
    assert [row["class"] for row in fids] == list(classes)
    for row, (generated, known) in zip(fids, sides, strict=True):
        assert [int(row["num"]), int(row["num_real"])] == [len(generated), len(known)]
        assert float(row["fid"]) == pytest.approx(distance(generated, known), rel=1e-4)
    mean = np.mean([float(row["fid"]) for row in fids])
    assert metrics["class_fid_classifier"] == pytest.approx(mean)
    floor = np.mean([float(row["floor"]) for row in fids])
    assert metrics["class_fid_classifier_floor"] == pytest.approx(floor)


def test_every_image_is_drawn_once(
    evaluate: Callable[..., Any], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For all extractors, the picture of the closest pairs and the classes asked for."""
    sampler = type(load_trained(paths.GENERATOR, CPU).sampler)
    original, calls = sampler.forward, []

    def forward(self: Any, **inputs: torch.Tensor) -> torch.Tensor:
        calls.append(len(inputs["label"]))
        return original(self, **inputs)

    num = CHUNK + 30
    monkeypatch.setattr(sampler, "forward", forward)
    monkeypatch.setattr("ganpipe.evaluation.run.extractors_for", lambda *_: ["classifier"] * 2)
    evaluate(num_generated=num)
    assert calls == [CHUNK] * 2
    assert len(paths.CONFUSION.read_text().splitlines()) == 1 + num


def test_the_closest_pairs_are_of_the_images_that_were_evaluated(
    evaluate: Callable[..., Any],
) -> None:
    evaluate()
    images, training = drawn(paths.GENERATOR, NUM, "evaluate"), real("train", 60)
    features = [outputs_of(each).features.double() for each in (images, training)]
    distances = torch.cdist(*features)
    nearest = distances.min(dim=1)
    first = int(nearest.values.argmin())
    picture = np.asarray(Image.open(paths.CLOSEST))
    above, below = picture[2:30, 2:30], picture[32:60, 2:30]
    assert np.array_equal(above, images[first, 0])
    assert np.array_equal(below, training[nearest.indices[first], 0])


def test_figures_in_bf16_have_names_of_their_own(evaluate: Callable[..., Any], place: Path) -> None:
    """Those of the classes, too."""
    whole = (place / "params.yaml").read_bytes()
    full = evaluate()
    edit_params(place / "params.yaml", {"evaluate.precision": "bf16"})
    run_stage("reference")
    half = evaluate()
    (place / "params.yaml").write_bytes(whole)
    run_stage("reference")
    assert "class_accuracy" in full
    assert full.keys() & half.keys() == {"protocol"}


def test_standing_statistics_are_those_of_both_stages(
    evaluate: Callable[..., Any], place: Path
) -> None:
    def expected(weights: Path, num: int, purpose: str) -> float:
        trained = load_trained(weights, CPU)
        take_standing_statistics(trained.sampler, trained.seed)
        pieces = draw(trained.sampler, num, trained.seed, purpose=purpose)
        return fid(torch.cat([each.images for each in pieces]))

    whole = (place / "params.yaml").read_bytes()
    records = [paths.EVALUATE_PROTOCOL, paths.SNAPSHOT_PROTOCOL]
    plain, plainly = evaluate(), [read(path)["generated"] for path in records]
    standing = evaluate(batch_norm="standing")
    run_stage("snapshots")
    found, stood = read(paths.SNAPSHOT_METRICS), [read(path)["generated"] for path in records]
    (place / "params.yaml").write_bytes(whole)
    run_stage("snapshots")
    assert standing["fid_classifier"] != plain["fid_classifier"]
    of_last = expected(max(paths.SNAPSHOTS.iterdir()), OF_SNAPSHOTS, "snapshots")
    assert found["last"]["fid_classifier"] == pytest.approx(of_last, rel=1e-5)
    of_generator = expected(paths.GENERATOR, NUM, "evaluate")
    assert standing["fid_classifier"] == pytest.approx(of_generator, rel=1e-5)
    assert standing["protocol"] != plain["protocol"]
    more = {"batch_norm": "standing statistics of 10000 images"}
    assert stood == [said | more for said in plainly]


def test_an_extractor_of_the_snapshots_alone_is_made(place: Path) -> None:
    """The cheap one, where the final figures are Inception's."""
    whole = (place / "params.yaml").read_bytes()
    changes = {"evaluate.extractors": ["inception"], "evaluate.snapshots.extractor": "classifier"}
    edit_params(place / "params.yaml", changes)
    before = paths.CLASSIFIER.read_bytes()
    paths.CLASSIFIER.unlink()
    run_stage("classifier")
    (place / "params.yaml").write_bytes(whole)
    assert paths.CLASSIFIER.read_bytes() == before


class Watched:
    """A block of parameters that notes the dotted names of what is read."""

    def __init__(self, block: Strict, prefix: str, names: set[str]) -> None:
        self._about = block, prefix, names

    def __getattr__(self, name: str) -> Any:
        block, prefix, names = self._about
        value = getattr(block, name)
        if isinstance(value, Strict):
            return Watched(value, f"{prefix}{name}.", names)
        if name != "model_fields":
            names.add(f"{prefix}{name}")
        return value


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("stage", ["classifier", "reference", "snapshots", "evaluate"])
def test_a_stage_reads_the_parameters_that_dvc_yaml_names(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No others, which would change without a run; and all, or it would run for nothing."""
    names: set[str] = set()
    module = import_module(f"stages.{stage}")
    watched = Watched(parameters.load_params(), "", names)
    monkeypatch.setattr(module, "load_params", lambda: watched)
    module.main()
    wanted = definitions()[stage]["params"]

    def within(name: str, block: str) -> bool:
        return name == block or name.startswith(f"{block}.")

    assert not [name for name in names if not any(within(name, block) for block in wanted)]
    assert not [block for block in wanted if not any(within(name, block) for name in names)]
