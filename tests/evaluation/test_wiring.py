"""Which images the stages evaluator, against what: each figure made again from the files they read."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.project import TINY, draw_images, edit_params
from helpers.support import ROOT, run_python, shrink
from PIL import Image
from ruamel.yaml import YAML

from ganpipe.core import paths
from ganpipe.data.config import FolderDataset
from ganpipe.data.prepare.prepare import prepare
from ganpipe.evaluation.reference import fixed_order
from ganpipe.features.classifier import load_classifier
from ganpipe.features.extractor import Output
from ganpipe.metrics.frechet import frechet_distance
from ganpipe.metrics.moments import Gaussian
from ganpipe.sampling.draw import draw, drawn_labels
from ganpipe.sampling.trained import load_trained

CPU = torch.device("cpu")
NUM, OF_SNAPSHOTS = 40, 24
NUM_TRAIN, NUM_TEST = 65, 15  # of 80 images, by the hashes of their names
CHANGES = {
    "model": "cgan",
    "train.batch_size": 8,
    "evaluate.num_generated": NUM,
    "evaluate.num_reference": 50,
    "evaluate.snapshots.num_generated": OF_SNAPSHOTS,
    "evaluate.max_searched.classifier": 60,
}


def run_stage(name: str) -> None:
    import_module(f"stages.{name}").main()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The current folder: a project with a conditional model of two snapshots, not yet judged."""
    place = tmp_path_factory.mktemp("wiring")
    for name in ("src", "stages"):
        (place / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "params.yaml", place)
    model = shrink(YAML(typ="safe").load(ROOT / "params.yaml")["models"]["cgan"])
    edit_params(place / "params.yaml", TINY | CHANGES | {"models.cgan": model})
    draw_images(place / "raw")
    config = FolderDataset(
        path="raw", image_size=28, channels=1, test_fraction=0.2, skip_damaged=False
    )
    prepare("folder", config, place / "raw", place / paths.PREPARED)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("GANPIPE_CACHE", str(place / "cache"))
        trained = run_python("-m", "stages.train", cwd=place)
        assert trained.returncode == 0, trained.stderr
        for name in ("extractor", "reference", "snapshots"):
            run_stage(name)
        yield place


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def see(images: torch.Tensor) -> Output:
    """What the project's classifier sees in uint8 (N, C, h, w) images, all at once."""
    with torch.inference_mode():
        output: Output = load_classifier(paths.CLASSIFIER, CPU).network(images)
    return output


def drawn(weights: Path, num: int, purpose: str) -> torch.Tensor:
    trained = load_trained(weights, CPU)
    return torch.cat(list(draw(trained, num, trained.seed, purpose)))


def real(split: str, num: int) -> torch.Tensor:
    images = np.load(paths.PREPARED / f"{split}_images.npy")
    return torch.from_numpy(images[fixed_order(len(images))[:num]])


def fid(images: torch.Tensor) -> float:
    """Against the first 50 training images."""
    both = []
    for each in (images, real("train", 50)):
        features = see(each).features.double().numpy()
        moments = features.mean(axis=0), np.cov(features, rowvar=False)
        both.append(Gaussian(*moments, len(features)))
    return frechet_distance(*both)


def of_last_snapshot() -> Path:
    return sorted(paths.SNAPSHOTS.iterdir())[-1]


@pytest.mark.usefixtures("place")
def test_the_reference_is_of_the_split_that_is_asked_for() -> None:
    with np.load(paths.REFERENCE / "classifier.npz") as kept:
        protocol = json.loads(str(kept["protocol"]))
        for name, images in {
            "features": real("train", 50),
            "held_out": real("test", NUM_TEST),
            "searched": real("train", 60),
        }.items():
            np.testing.assert_allclose(kept[name], see(images).features, atol=1e-4)
    sizes = {name: protocol[name] for name in ("num_real", "num_searched", "num_train")}
    assert sizes == {"num_real": 50, "num_searched": 60, "num_train": NUM_TRAIN}


@pytest.mark.usefixtures("place")
def test_every_snapshot_is_judged_from_noise_of_its_own() -> None:
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
    assert found["protocol"]["generated"]["num_generated"] == OF_SNAPSHOTS
    assert found["protocol"]["classifier"]["num_floor"] == NUM_TEST


@pytest.fixture
def evaluate(place: Path) -> Iterator[Callable[..., Any]]:
    """The stage `evaluate` with changed parameters, where the first snapshot was the best."""
    whole = (place / "params.yaml").read_bytes()
    snapshots = read(paths.SNAPSHOT_METRICS)
    first = min(paths.SNAPSHOTS.iterdir())
    seen = int(first.stem.removeprefix("images_"))
    best = snapshots | {"rule": "by hand", "best": {"images_seen": seen}}
    paths.SNAPSHOT_METRICS.write_text(json.dumps(best))

    def run(**changes: Any) -> Any:
        edit_params(place / "params.yaml", {f"evaluate.{k}": v for k, v in changes.items()})
        run_stage("evaluate")
        return read(paths.EVALUATE_METRICS)

    yield run
    (place / "params.yaml").write_bytes(whole)
    paths.SNAPSHOT_METRICS.write_text(json.dumps(snapshots))


@pytest.mark.parametrize(
    ("changes", "judged", "rule"),
    [
        ({}, lambda: paths.GENERATOR, "end of training"),
        ({"checkpoint": "best"}, lambda: min(paths.SNAPSHOTS.iterdir()), "by hand"),
        ({"weights": "raw"}, lambda: paths.GENERATOR_RAW, "end of training"),
    ],
    ids=["last", "best", "raw"],
)
def test_the_generator_that_is_asked_for_is_judged(
    evaluate: Callable[..., Any], changes: dict[str, str], judged: Callable[[], Path], rule: str
) -> None:
    figures = evaluate(**changes)
    weights = judged()
    images = drawn(weights, NUM, "evaluate")
    assert figures["fid_classifier"] == pytest.approx(fid(images), rel=1e-5)
    said = figures["protocol"]["generated"]
    about = load_trained(weights, CPU).header
    assert (said["checkpoint_rule"], said["labels"]) == (rule, "as in the training data")
    assert (said["weights"], said["images_seen"]) == (about["weights"], about["images_seen"])
    ends = {"last": paths.GENERATOR, "best": min(paths.SNAPSHOTS.iterdir())}
    if changes == {"weights": "raw"}:  # snapshots are moving averages
        ends = {"last": paths.GENERATOR_RAW}
    found = {name: each["fid_classifier"] for name, each in figures["checkpoints"].items()}
    expected = {name: fid(drawn(path, NUM, "evaluate")) for name, path in ends.items()}
    assert found == pytest.approx(expected, rel=1e-5)
    rules = {name: each["rule"] for name, each in figures["checkpoints"].items()}
    assert rules == {name: {"last": "end of training", "best": "by hand"}[name] for name in ends}


def test_what_was_asked_for_stands_beside_what_is_seen(evaluate: Callable[..., Any]) -> None:
    figures = evaluate()
    with paths.CONFUSION.open() as file:
        rows = list(csv.DictReader(file))
    trained = load_trained(paths.GENERATOR, CPU)
    asked = drawn_labels(trained, NUM, trained.seed, "evaluate")
    assert asked is not None
    images = drawn(paths.GENERATOR, NUM, "evaluate")
    predicted = see(images).logits.argmax(dim=1)
    classes = trained.spec.classes
    assert [row["asked"] for row in rows] == [classes[label] for label in asked]
    assert [row["seen"] for row in rows] == [classes[label] for label in predicted]
    assert figures["class_accuracy"] == (asked == predicted).double().mean()


def test_the_closest_pairs_are_of_the_images_that_were_judged(
    evaluate: Callable[..., Any],
) -> None:
    evaluate()
    images, training = drawn(paths.GENERATOR, NUM, "evaluate"), real("train", 60)
    distances = torch.cdist(see(images).features.double(), see(training).features.double())
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
    assert full.keys() & half.keys() == {"checkpoints", "protocol"}


def test_a_extractor_that_scores_snapshots_alone_is_made(place: Path) -> None:
    """The cheap one, where the final figures are Inception's."""
    whole = (place / "params.yaml").read_bytes()
    changes = {"evaluate.extractors": ["inception"], "evaluate.snapshots.extractor": "classifier"}
    edit_params(place / "params.yaml", changes)
    before = paths.CLASSIFIER.read_bytes()
    paths.CLASSIFIER.unlink()
    run_stage("extractor")
    (place / "params.yaml").write_bytes(whole)
    assert paths.CLASSIFIER.read_bytes() == before
