"""FID of each class against plain arithmetic on the features of the same images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.toy_extractor import TOY, draw
from pytorch_fid.fid_score import calculate_frechet_distance

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.class_fid import ClassFid, class_fids, mean_fid, table
from ganpipe.evaluation.evaluator import Evaluator, Measured, measure
from ganpipe.evaluation.reference import (
    Reference,
    Sizes,
    fixed_order,
    load_reference,
    reference_of,
    save_reference,
)

NUM = 260
SIZES = Sizes(num_reference=350, max_features=240, max_searched=50, batch_size=50)

pytestmark = pytest.mark.filterwarnings("ignore:The `disp` argument:DeprecationWarning")


def labels_of(num: int, seed: int) -> np.ndarray:
    """Classes of random images: three of the extractor's four, the last of a single image."""
    labels = np.random.default_rng(seed).integers(0, 2, num)
    labels[fixed_order(num)[3]] = 3
    return labels


@pytest.fixture(scope="module")
def real() -> dict[str, np.ndarray]:
    return {"train": draw(400, 0), "test": draw(300, 1)}


@pytest.fixture(scope="module")
def labels() -> dict[str, np.ndarray | None]:
    return {"train": labels_of(400, 2), "test": labels_of(300, 3)}


@pytest.fixture(scope="module")
def reference(
    real: dict[str, np.ndarray],
    labels: dict[str, np.ndarray | None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Reference:
    """As the stage `evaluate` reads it."""
    path = tmp_path_factory.mktemp("reference") / "classifier.npz"
    made = reference_of(TOY, real, split="train", sizes=SIZES, protocol={}, labels=labels)
    save_reference(path, made)
    return load_reference(path)


def measured(reference: Reference, asked: np.ndarray | None) -> Measured:
    evaluator = Evaluator(
        extractor=TOY, reference=reference, num=NUM, batch_size=32, max_features=200
    )
    images = torch.from_numpy(draw(NUM, 4, noise=30)).split(70)
    return measure(evaluator, images, None if asked is None else torch.from_numpy(asked))


def features(images: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return TOY.network(torch.from_numpy(images)).features.double().numpy()


def fid(one: np.ndarray, two: np.ndarray) -> float:
    """The reference program's figure of (N, d) and (M, d) features."""
    parts = [
        part for each in (one, two) for part in (each.mean(axis=0), np.cov(each, rowvar=False))
    ]
    return float(calculate_frechet_distance(*parts))


def test_each_class_is_compared_with_its_own_real_images(
    real: dict[str, np.ndarray], labels: dict[str, np.ndarray | None], reference: Reference
) -> None:
    asked = labels_of(NUM, 5)
    found = measured(reference, asked)
    generated = features(draw(NUM, 4, noise=30))[:200]
    expected = []
    for label in (0, 1):
        sides = [generated[asked[:200] == label]]
        for split in ("train", "test"):
            order, known = fixed_order(len(real[split]))[:240], labels[split]
            assert known is not None
            sides.append(features(real[split][order[known[order] == label]]))
        own, train, test = sides
        expected.append((len(own), len(train), fid(own, train), fid(test[: len(own)], train)))
    for found_one, expected_one in zip(found.class_fid, expected, strict=False):
        assert found_one == pytest.approx(expected_one, rel=1e-5)
    mean, floor = (sum(row[k] for row in expected) / 2 for k in (2, 3))
    assert found.metrics["class_fid_classifier"] == pytest.approx(mean, rel=1e-5)
    assert found.metrics["class_fid_classifier_floor"] == pytest.approx(floor, rel=1e-5)


def test_classes_with_too_few_images_have_none_and_are_said(
    reference: Reference, capsys: pytest.CaptureFixture[str]
) -> None:
    found = measured(reference, labels_of(NUM, 5)).class_fid
    assert found[2:] == [(0, 0, None, None), (1, 1, None, None)]
    said = capsys.readouterr().err
    assert "2 of 4 classes have fewer than two images on one side" in said
    assert "singular" not in said
    rows = table(found, ["a", "b", "c", "d"])
    assert rows[3] == {"class": "d", "num": 1, "num_real": 1, "fid": None, "floor": None}


@pytest.mark.parametrize(("num", "singular"), [(12, True), (13, False)])
def test_a_singular_covariance_is_said(
    num: int, singular: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of twelve features by twelve images."""
    rng = torch.Generator().manual_seed(0)
    real = Reference(
        gaussian=None,  # type: ignore[arg-type]
        protocol={},
        features=torch.randn(40, 12, generator=rng),
        labels=torch.zeros(40, dtype=torch.int64),
    )
    generated = torch.randn(num, 12, generator=rng)
    (found,) = class_fids(generated, torch.zeros(num, dtype=torch.int64), real, 1)
    assert found.floor is None
    assert mean_fid([found]) == {"class_fid": found.fid, "class_fid_floor": None}
    said = capsys.readouterr().err
    assert (f"of as few as {num} images" in said) == singular


def test_only_where_classes_are_asked_for_and_known(reference: Reference) -> None:
    asked = labels_of(NUM, 5)
    unknown = replace(reference, labels=None)
    for found in (measured(reference, None), measured(unknown, asked)):
        assert found.class_fid == []
        assert not [name for name in found.metrics if name.startswith("class_fid")]
    stranger = replace(TOY, training_share=None)
    made = reference_of(
        stranger,
        {"train": draw(20, 0), "test": draw(20, 1)},
        split="train",
        sizes=SIZES,
        protocol={},
        labels={"train": labels_of(20, 2), "test": labels_of(20, 3)},
    )
    assert made.labels is None


@pytest.mark.parametrize(
    "labels", [np.zeros(8, np.int64), np.full(9, -1), np.zeros(9, np.int32), np.zeros((9, 1), int)]
)
def test_damaged_labels_are_refused(tmp_path: Path, labels: np.ndarray) -> None:
    path = tmp_path / "reference.npz"
    np.savez(path, mu=np.zeros(2), sigma=np.eye(2), features=np.zeros((9, 2)), labels=labels)
    with pytest.raises(GanpipeError, match=r"labels are .*, not 9 classes"):
        load_reference(path)


def test_means_are_of_the_classes_that_have_one() -> None:
    found = [ClassFid(5, 5, 2.0, 1.0), ClassFid(1, 5, None, None), ClassFid(5, 5, 4.0, None)]
    assert mean_fid(found) == {"class_fid": 3.0, "class_fid_floor": None}
    assert mean_fid([]) == {"class_fid": None, "class_fid_floor": None}
