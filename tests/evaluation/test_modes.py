"""Modes of generated images beside their floor: generators that know all modes, or a few."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ganpipe.core import paths
from ganpipe.data.loading import arrays
from ganpipe.data.loading.digits import digits_path
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.evaluation.evaluator import Evaluator, Measured, measure
from ganpipe.evaluation.modes import mode_metrics
from ganpipe.evaluation.reference import Sizes, reference_of
from ganpipe.features.digits import PerChannel
from ganpipe.features.extractor import Extractor, Output
from ganpipe.storage.files import write_json

SIDE = 4
ALL = np.array(list(product(range(10), repeat=3)))
TRAIN, TEST = np.tile(ALL, (2, 1)), ALL[::2]  # half the modes are in the test images


class Brightness(nn.Module):
    """A classifier for which a digit is a grey: 25 times it."""

    def __init__(self) -> None:
        super().__init__()
        self.greys = nn.Parameter(25.0 * torch.arange(10))

    def forward(self, images: torch.Tensor) -> Output:
        mean = images.float().mean((1, 2, 3))
        features = images.float().flatten(1)[:, :2] / 255
        return Output(features, -(mean[:, None] - self.greys).abs())


EXTRACTOR = Extractor(
    name="digits",
    suffix="_digits",
    network=PerChannel(Brightness()),
    width=6,
    channels=(3,),
    size=SIDE,
    protocol={"extractor": "brightness"},
    score="score",
    modes=1000,
)


def draw(digits: np.ndarray) -> np.ndarray:
    """uint8 (N, 3, SIDE, SIDE) images that show digits (N, 3), with noise that changes none."""
    rng = np.random.default_rng(0)
    noise = rng.integers(-8, 9, (len(digits), 3, SIDE, SIDE))
    return (25 * digits[:, :, None, None] + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """The prepared images of the current folder, of both splits."""
    monkeypatch.chdir(tmp_path)
    paths.PREPARED.mkdir(parents=True)
    spec = DataSpec("stacked_mnist", Domain(3, SIDE, SIDE), len(TRAIN), len(TEST))
    write_json(arrays.spec_path(paths.PREPARED), spec.to_dict())
    images = {"train": draw(TRAIN), "test": draw(TEST)}
    for split, digits in (("train", TRAIN), ("test", TEST)):
        np.save(arrays.images_path(paths.PREPARED, split), images[split])  # type: ignore[arg-type]
        np.save(digits_path(paths.PREPARED, split), digits)  # type: ignore[arg-type]
    return images


def modes(data: dict[str, np.ndarray], digits: np.ndarray, **changes: Any) -> tuple[Any, Any]:
    """What is measured of a generator that draws ``digits``."""
    sizes = Sizes(num_reference=500, max_features=100, max_searched=100, batch_size=50)
    extractor = replace(EXTRACTOR, **changes)
    reference = reference_of(extractor, data, split="train", sizes=sizes, protocol={})
    evaluator = Evaluator(
        extractor=extractor, reference=reference, num=len(digits), batch_size=64, max_features=100
    )
    measured = measure(evaluator, torch.from_numpy(draw(digits)).split(70))
    assert measured.class_share is None  # there are no classes, and so no tables of them
    assert not {"classes_covered", "class_kl"} & measured.metrics.keys()
    return measured, mode_metrics([evaluator], [measured])


def test_a_generator_that_knows_all_modes(data: dict[str, np.ndarray]) -> None:
    measured, (metrics, record) = modes(data, ALL)
    assert torch.equal(measured.predicted, torch.arange(1000))
    assert metrics["modes_covered"] == 1000
    assert metrics["mode_kl"] == pytest.approx(0, abs=1e-12)
    assert (record["modes"], record["in_training"], record["num_training"]) == (1000, 1000, 2000)


def test_a_generator_that_knows_ten(
    data: dict[str, np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    _, (metrics, record) = modes(data, np.tile(ALL[::100], (20, 1)))
    assert metrics["modes_covered"] == 10
    assert metrics["mode_kl"] == pytest.approx(math.log(100))
    assert metrics["modes_covered_floor"] == 200  # as many test images, which differ
    assert metrics["mode_kl_floor"] == pytest.approx(math.log(5))
    assert record["num_floor"] == 200
    assert "floor of the modes" not in caplog.text


def test_the_floor_is_of_all_test_images_at_most(
    data: dict[str, np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    _, (metrics, record) = modes(data, ALL)
    assert record["num_floor"] == len(TEST)
    assert metrics["modes_covered_floor"] == 500
    assert metrics["mode_kl_floor"] == pytest.approx(math.log(2))
    assert "floor of the modes is of all 500 test images, and 1000 generated" in caplog.text


def test_another_arithmetic_has_names_of_its_own(data: dict[str, np.ndarray]) -> None:
    _, (metrics, _) = modes(data, ALL[:300], precision="bf16")
    names = {"modes_covered_bf16", "mode_kl_bf16", "modes_covered_bf16_floor", "mode_kl_bf16_floor"}
    assert metrics.keys() == names


def test_other_extractors_know_no_modes(data: dict[str, np.ndarray]) -> None:
    measured, found = modes(data, ALL[:300], modes=0)
    assert measured.predicted is None
    assert found == ({}, {})
    assert mode_metrics([], [Measured({})][:0]) == ({}, {})
