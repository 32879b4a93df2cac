"""Images that the stages evaluate and compare with: each figure made again from their files."""

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
from helpers.support import ROOT, list_code, run_python, shrink
from PIL import Image
from ruamel.yaml import YAML

from ganpipe import params as parameters
from ganpipe.core import paths
from ganpipe.core.schema import Strict
from ganpipe.data.config import FolderDataset
from ganpipe.data.prepare.prepare import prepare
from ganpipe.evaluation.protocol import protocol_hash
from ganpipe.evaluation.reference import fixed_order
from ganpipe.features.classifier import open_extractor
from ganpipe.features.extractor import Output, WeightFiles
from ganpipe.metrics.frechet import frechet_distance
from ganpipe.metrics.moments import Gaussian
from ganpipe.sampling.draw import CHUNK, draw
from ganpipe.sampling.trained import load_trained
from stages.check import definitions

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
    """The current folder: a project with a trained conditional model of two snapshots."""
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
        list_code(place)
        trained = run_python("-m", "stages.train", cwd=place)
        assert trained.returncode == 0, trained.stderr
        for name in ("classifier", "reference", "snapshots"):
            run_stage(name)
        yield place


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def outputs_of(images: torch.Tensor) -> Output:
    """Features and logits of the project's classifier for uint8 (N, C, h, w), all at once."""
    files = WeightFiles(classifier=paths.CLASSIFIER, inception=None)
    with torch.inference_mode():
        output: Output = open_extractor(files, CPU).network(images)
    return output


def drawn(weights: Path, num: int, purpose: str) -> torch.Tensor:
    trained = load_trained(weights, CPU)
    return torch.cat(
        [each.images for each in draw(trained.sampler, num, trained.seed, purpose=purpose)]
    )


def labels_of(weights: Path, num: int, purpose: str) -> torch.Tensor:
    trained = load_trained(weights, CPU)
    labels = [each.label for each in draw(trained.sampler, num, trained.seed, purpose=purpose)]
    return torch.cat([label for label in labels if label is not None])


def real(split: str, num: int) -> torch.Tensor:
    images = np.load(paths.PREPARED / f"{split}_images.npy")
    return torch.from_numpy(images[fixed_order(len(images))[:num]])


def fid(images: torch.Tensor) -> float:
    """Against the first 50 training images."""
    both = []
    for each in (images, real("train", 50)):
        features = outputs_of(each).features.double().numpy()
        moments = features.mean(axis=0), np.cov(features, rowvar=False)
        both.append(Gaussian(*moments, len(features)))
    return frechet_distance(*both)


def of_last_snapshot() -> Path:
    return sorted(paths.SNAPSHOTS.iterdir())[-1]


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
    assert record["classifier"]["num_floor"] == NUM_TEST
    assert found["protocol"] == protocol_hash(record)


@pytest.fixture
def evaluate(place: Path) -> Iterator[Callable[..., Any]]:
    """The stage `evaluate` with changed parameters, where the first snapshot was the best."""
    whole = (place / "params.yaml").read_bytes()
    snapshots = read(paths.SNAPSHOT_METRICS)
    first = min(paths.SNAPSHOTS.iterdir())
    seen = int(first.stem.removeprefix("images_"))
    best = snapshots | {"best": {"images_seen": seen, "fid_classifier": 0}, "protocol": "by hand"}
    paths.SNAPSHOT_METRICS.write_text(json.dumps(best))

    def run(**changes: Any) -> Any:
        edit_params(place / "params.yaml", {f"evaluate.{k}": v for k, v in changes.items()})
        run_stage("evaluate")
        return read(paths.EVALUATE_METRICS)

    yield run
    (place / "params.yaml").write_bytes(whole)
    paths.SNAPSHOT_METRICS.write_text(json.dumps(snapshots))


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
