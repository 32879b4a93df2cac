"""Every metric of an evaluation against plain arithmetic on the features of the same images."""

from __future__ import annotations

import math
import statistics
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from helpers.toy_extractor import TOY, draw
from pytorch_fid.fid_score import calculate_frechet_distance
from scipy.special import softmax
from scipy.stats import entropy, linregress
from torch import Tensor, nn

from ganpipe.evaluation.evaluator import PAIRS, Evaluator, Measured, fid_alone, measure
from ganpipe.evaluation.reference import Reference, Sizes, fixed_order, reference_of
from ganpipe.evaluation.statistics import collect
from ganpipe.features.extractor import Output

NUM = 217  # ten blocks of which some hold 21 images and some 22
SIZES = Sizes(num_reference=150, max_features=90, max_searched=170, batch_size=50)

pytestmark = pytest.mark.filterwarnings("ignore:The `disp` argument:DeprecationWarning")


@pytest.fixture(scope="module")
def real() -> dict[str, np.ndarray]:
    return {"train": draw(200, 0), "test": draw(131, 1)}


@pytest.fixture(scope="module")
def reference(real: dict[str, np.ndarray]) -> Reference:
    return reference_of(TOY, real, split="train", sizes=SIZES, protocol={})


@pytest.fixture(scope="module")
def generated() -> np.ndarray:
    return draw(NUM, 2, noise=30)


@pytest.fixture(scope="module")
def measured(generated: np.ndarray, reference: Reference) -> Measured:
    evaluator = Evaluator(
        extractor=TOY,
        reference=reference,
        num=NUM,
        batch_size=32,
        max_features=NUM,
        fid_infinity=True,
    )
    return measure(evaluator, torch.from_numpy(generated).split(70))


def features(images: np.ndarray) -> np.ndarray:
    """(N, 12) float64, all images in one batch."""
    with torch.inference_mode():
        output: Output = TOY.network(torch.from_numpy(images))
    return output.features.double().numpy()


def fid(one: np.ndarray, two: np.ndarray) -> float:
    """The reference program's figure, with SciPy's root, of (N, d) and (M, d) features."""
    statistics_of_both = [
        part for each in (one, two) for part in (each.mean(axis=0), np.cov(each, rowvar=False))
    ]
    return float(calculate_frechet_distance(*statistics_of_both))


def used(real: dict[str, np.ndarray], split: str, num: int) -> np.ndarray:
    """Features of the first ``num`` images of a split, in the order that everybody takes."""
    return features(real[split][fixed_order(len(real[split]))[:num]])


def blocks(num: int) -> list[slice]:
    return [slice(num * i // 10, num * (i + 1) // 10) for i in range(10)]


def test_fid_and_its_spread_are_a_jackknife_by_hand(
    real: dict[str, np.ndarray], generated: np.ndarray, measured: Measured
) -> None:
    everything, against = features(generated), used(real, "train", 150)
    assert measured.metrics["fid_classifier"] == pytest.approx(fid(everything, against), rel=1e-5)
    without = [fid(np.delete(everything, block, axis=0), against) for block in blocks(NUM)]
    mean = sum(without) / 10
    expected = math.sqrt(9 / 10 * sum((value - mean) ** 2 for value in without))
    assert measured.metrics["fid_classifier_std"] == pytest.approx(expected, rel=1e-3)


def test_fid_infinity_is_where_a_line_through_growing_samples_ends(
    real: dict[str, np.ndarray], generated: np.ndarray, measured: Measured
) -> None:
    everything, against = features(generated), used(real, "train", 150)
    counts = [block.stop for block in blocks(NUM) if block.stop >= 0.3 * NUM]
    assert counts == [86, 108, 130, 151, 173, 195, 217]
    line = linregress([1 / n for n in counts], [fid(everything[:n], against) for n in counts])
    assert measured.metrics["fid_infinity_classifier"] == pytest.approx(line.intercept, rel=1e-4)


@pytest.mark.parametrize(("split", "other"), [("train", "test"), ("test", "train")])
def test_the_floor_is_fid_of_as_many_held_out_images_as_are_evaluated(
    real: dict[str, np.ndarray], split: str, other: str
) -> None:
    """Or of all that are known, where those are fewer."""
    sizes = replace(SIZES, num_reference=100)
    reference = reference_of(TOY, real, split=split, sizes=sizes, protocol={})
    for num, held_out in ((40, 40), (90, 90), (110, 90)):
        expected = fid(used(real, split, 100), used(real, other, held_out))
        evaluator = Evaluator(
            extractor=TOY, reference=reference, num=num, batch_size=50, max_features=50
        )
        images = [torch.from_numpy(draw(num, 3))]
        for function in (measure, fid_alone):
            floor = function(evaluator, images).metrics["fid_classifier_floor"]
            assert floor == pytest.approx(expected, rel=1e-5)
        assert evaluator.protocol()["num_floor"] == held_out


def nearest_by_hand(queries: np.ndarray, points: np.ndarray) -> list[tuple[float, int]]:
    """For each query the squared distance to the nearest of the points, and which it is."""
    return [
        min((float(((query - point) ** 2).sum()), i) for i, point in enumerate(points))
        for query in queries
    ]


def test_the_share_that_is_closer_than_half_of_the_test_images(
    real: dict[str, np.ndarray], generated: np.ndarray, reference: Reference, measured: Measured
) -> None:
    searched = used(real, "train", 170)
    chance = [squared for squared, _ in nearest_by_hand(used(real, "test", 90), searched)]
    assert reference.test_median == pytest.approx(statistics.median(chance), rel=1e-5)
    squared = [distance for distance, _ in nearest_by_hand(features(generated), searched)]
    share = sum(distance < reference.test_median for distance in squared) / NUM
    assert 0.1 < share < 0.9
    assert measured.metrics["closer_than_test_classifier"] == pytest.approx(share)


def test_the_closest_pairs_come_first(
    real: dict[str, np.ndarray], generated: np.ndarray, measured: Measured
) -> None:
    found = nearest_by_hand(features(generated), used(real, "train", 170))
    wanted = sorted(range(NUM), key=lambda index: found[index][0])[:PAIRS]
    assert measured.closest is not None
    assert measured.closest.generated == wanted
    assert measured.closest.training == [found[index][1] for index in wanted]


def quarters(images: np.ndarray) -> np.ndarray:
    """(N, 4): the brightness of each quarter, which the toy extractor's classes are."""
    bright: np.ndarray = images.reshape(len(images), 2, 4, 2, 4).mean(axis=(2, 4)) / 255
    return bright.reshape(len(images), 4)


def test_the_score_is_the_mean_of_its_splits(generated: np.ndarray, measured: Measured) -> None:
    probabilities = softmax(20 * quarters(generated), axis=1)
    scores = []
    for block in blocks(NUM):
        p = probabilities[block]
        scores.append(np.exp(np.mean([entropy(row, p.mean(axis=0)) for row in p])))
    assert measured.metrics["score_classifier"] == pytest.approx(np.mean(scores), rel=1e-5)
    assert measured.metrics["score_classifier_std"] == pytest.approx(np.std(scores), rel=1e-4)


def test_the_predicted_class_is_the_brightest_quarter(
    generated: np.ndarray, measured: Measured
) -> None:
    predicted = quarters(generated).argmax(axis=1)
    assert measured.predicted is not None
    assert measured.predicted.tolist() == predicted.tolist()
    shares = np.bincount(predicted, minlength=4) / NUM
    assert measured.class_share is not None
    assert list(measured.class_share.values()) == pytest.approx(shares)


class Watched(nn.Module):
    """An array behind every tensor that it gives, which dies with the tensor's memory."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.given: list[weakref.ref[Any]] = []
        self.most_alive = 0

    def remember(self, array: np.ndarray) -> Tensor:
        self.given.append(weakref.ref(array))
        return torch.from_numpy(array)

    def forward(self, images: Tensor) -> Output:
        alive = sum(array() is not None for array in self.given)
        self.most_alive = max(self.most_alive, alive)
        values = images.numpy().reshape(len(images), -1)[:, :8].astype(np.float32)
        return Output(self.remember(values[:, :3].copy()), self.remember(values[:, 3:7].copy()))

    def pieces(self, images: np.ndarray, size: int) -> Iterator[Tensor]:
        for start in range(0, len(images), size):
            yield self.remember(images[start : start + size].copy())


def test_a_pass_needs_bounded_memory() -> None:
    """A batch or two however many images there are, and the features that are stored."""
    watched = Watched()
    images = draw(400, 4)
    found = collect(
        replace(TOY, network=watched),
        watched.pieces(images, 20),
        num=400,
        max_features=8,
        batch_size=10,
    )
    assert len(watched.given) == 20 + 2 * 40
    # A piece and its successor, features and logits of a batch, and the stored features' batch.
    assert watched.most_alive <= 5
    whole = images.reshape(400, -1).astype(float)
    assert found.features.tolist() == whole[:8, :3].tolist()
    np.testing.assert_allclose(found.gaussian().mu, whole[:, :3].mean(axis=0), rtol=1e-12)
