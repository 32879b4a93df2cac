"""Stacked MNIST: which digits its images show, in which order, and what is said of damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import tiny_data

from ganpipe.core.errors import GanpipeError
from ganpipe.data.config import PublicDataset
from ganpipe.data.loading import arrays
from ganpipe.data.loading.digits import digits_path, load_digits, modes_of
from ganpipe.data.prepare.prepare import prepare
from ganpipe.data.prepare.stacked_mnist import describe, stacking

pytestmark = pytest.mark.usefixtures("tiny_official")

SPLITS: tuple[tuple[arrays.SplitName, int], ...] = (("train", 1), ("test", 3))
TRAIN_ORDER = [[3, 2, 3], [2, 4, 5], [1, 0, 1], [0, 5, 4], [4, 3, 0], [5, 1, 2]]
TEST_ORDER = [[1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0], [1, 0, 1], [0, 1, 0]]
PADDED = PublicDataset(image_size=32, fit="pad")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """data/raw with the tiny MNIST."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, data in tiny_data.mnist_contents().items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def stacked(raw: Path, tmp_path: Path) -> Path:
    """The dataset made of it, padded to 32 pixels."""
    prepare("stacked_mnist", PADDED, raw, tmp_path / "prepared")
    return tmp_path / "prepared"


def mnist(split: arrays.SplitName) -> tuple[np.ndarray, np.ndarray]:
    return tiny_data.arrays(tiny_data.TRAIN if split == "train" else tiny_data.TEST, 28, 28)


@pytest.mark.parametrize(("split", "rounds"), SPLITS)
def test_a_channel_is_a_digit(stacked: Path, split: arrays.SplitName, rounds: int) -> None:
    """And its label that of the digit: found by its pixels alone."""
    digits, labels = mnist(split)
    numbers = {digit.tobytes(): number for number, digit in enumerate(digits)}
    images, shown = arrays.load_images(stacked, split), load_digits(stacked, split)
    assert isinstance(images, np.memmap)
    assert images.shape == (rounds * len(digits), 3, 28, 28)
    order = np.zeros((len(images), 3), int)
    for row, image in enumerate(images):
        for channel in range(3):
            order[row, channel] = numbers[image[channel].tobytes()]
            assert shown[row, channel] == labels[order[row, channel]]
    np.testing.assert_array_equal(order, stacking(split, len(digits)))


@pytest.mark.parametrize(("split", "rounds"), SPLITS)
def test_each_channel_shows_every_digit_once_a_round(split: arrays.SplitName, rounds: int) -> None:
    order = stacking(split, 50).reshape(rounds, 50, 3)
    seen = set()
    for part in order:
        for channel in part.T:
            assert sorted(channel) == list(range(50))
            seen.add(tuple(channel.tolist()))
    assert len(seen) == 3 * rounds  # orders of their own


def test_the_order_is_the_same_everywhere() -> None:
    """Whatever the version of NumPy."""
    assert stacking("train", 6).tolist() == TRAIN_ORDER
    assert stacking("test", 2).tolist() == TEST_ORDER


def test_all_modes_of_real_size_are_there() -> None:
    labels = np.arange(60_000) % 10
    counts = np.bincount(modes_of(labels[stacking("train", 60_000)]), minlength=1000)
    assert counts.min() > 30
    assert np.square(counts - 60).mean() == pytest.approx(60, rel=0.1)  # as of drawn ones


def test_a_mode_is_the_number_that_the_digits_write() -> None:
    assert modes_of(np.array([[0, 0, 0], [1, 2, 3], [9, 0, 9]])).tolist() == [0, 123, 909]


def test_the_same_bytes_every_time(raw: Path, stacked: Path) -> None:
    before = {path.name: path.read_bytes() for path in stacked.iterdir()}
    prepare("stacked_mnist", PADDED, raw, stacked)
    assert {path.name: path.read_bytes() for path in stacked.iterdir()} == before


def test_its_description(stacked: Path, raw: Path) -> None:
    spec = arrays.load_spec(stacked)
    assert spec == describe(PADDED)
    assert (spec.name, spec.target.image_shape, spec.target.padding) == (
        "stacked_mnist",
        (3, 32, 32),
        2,
    )
    assert spec.target.classes == ()  # a model that is told the digits would cover all modes
    assert arrays.load_labels(stacked, "train") is None
    prepare("stacked_mnist", PublicDataset(image_size=16, fit="resize"), raw, stacked)
    assert arrays.load_images(stacked, "test").shape == (30, 3, 16, 16)
    assert arrays.load_spec(stacked).target.padding == 0


def test_digits_that_are_missing_or_damaged(stacked: Path, raw: Path) -> None:
    path = digits_path(stacked, "train")
    for content, words in (
        (np.full((20, 3), 10), "a digit is outside"),
        (np.zeros((19, 3), int), r"it holds int64 \(19, 3\)"),
        (np.zeros((20, 3)), "it holds float64"),
    ):
        np.save(path, content)
        with pytest.raises(GanpipeError, match=f"train_digits.npy is damaged .{words}"):
            load_digits(stacked, "train")
    path.write_bytes(b"")
    with pytest.raises(GanpipeError, match="is damaged"):
        load_digits(stacked, "train")
    path.unlink()
    with pytest.raises(GanpipeError, match="is missing; the stage 'prepare' writes it"):
        load_digits(stacked, "train")
    prepare("mnist", PADDED, raw, stacked)
    with pytest.raises(GanpipeError, match="channels of the dataset 'mnist' show no digits"):
        load_digits(stacked, "train")


def test_damaged_files_of_mnist_are_named(raw: Path, tmp_path: Path) -> None:
    (raw / "train-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(GanpipeError, match="is damaged: train-labels-idx1-ubyte is not an idx"):
        prepare("stacked_mnist", PADDED, raw, tmp_path / "prepared")
