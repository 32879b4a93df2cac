"""The user's own pictures as sources: pairs, hidden pairs, and sets without pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.own_pairs import SIZE, TEST, TRAIN, config, draw, save

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading import arrays, sources
from ganpipe.data.prepare.prepare import prepare
from ganpipe.data.source.config import Folder
from ganpipe.data.source.write import write_source


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Prepared pairs in classes."""
    prepare("pairs", config(), draw(tmp_path / "raw", "classes"), tmp_path / "prepared")
    return tmp_path / "prepared"


def write(prepared: Path, folder: Path, *, paired: bool, seed: int = 0) -> Path:
    fields = Folder(kind="folder", paired=paired, seed=seed)
    write_source(fields, prepared=prepared, folder=folder)
    return folder


def numbers(images: np.ndarray, start: int = 0) -> list[int]:
    """Of pairs, by the grey of one of their pictures."""
    return [int(image[0, 0, 0]) - start for image in images]


def test_pairs_keep_their_rows(pairs: Path, tmp_path: Path) -> None:
    folder = write(pairs, tmp_path / "source", paired=True)
    spec = sources.load_pairing(folder)
    assert (spec.paired, spec.num_train, spec.num_test) == (True, TRAIN, TEST)
    assert spec.target == arrays.load_spec(pairs).target
    split: arrays.SplitName
    for split in ("train", "test"):
        found = sources.load_source_images(folder, split)
        assert isinstance(found, np.memmap)
        assert numbers(found, 100) == numbers(arrays.load_images(pairs, split))
    assert sources.has_truth(folder)


def test_hidden_pairs_are_halved(pairs: Path, tmp_path: Path) -> None:
    """The test pictures stay pairs, for the evaluation."""
    folder = write(pairs, tmp_path / "source", paired=False)
    spec = sources.load_pairing(folder)
    assert (spec.paired, spec.num_train, spec.num_test) == (False, TRAIN - TRAIN // 2, TEST)
    rows = {side: sources.load_rows(folder, side) for side in sources.SIDES}
    assert sorted([*rows["source"], *rows["target"]]) == list(range(TRAIN))
    images = arrays.load_images(pairs, "train")
    given = numbers(sources.load_source_images(folder, "train"), 100)
    assert given == numbers(images[rows["source"]])
    test = numbers(sources.load_source_images(folder, "test"), 100)
    assert test == numbers(arrays.load_images(pairs, "test"))
    assert sources.has_truth(folder)
    other = write(pairs, tmp_path / "other", paired=False, seed=3)
    assert not np.array_equal(rows["source"], sources.load_rows(other, "source"))


def test_sets_without_pairs_are_whole_and_have_no_truth(tmp_path: Path) -> None:
    raw, prepared = tmp_path / "raw", tmp_path / "prepared"
    for side, split, count in (("A", "train", 5), ("A", "test", 2), ("B", "train", 3),
                               ("B", "test", 4)):  # fmt: skip
        for k in range(count):
            save(raw / f"{split}{side}/{k}.png", k)
    prepare("pairs", config(paired=False), raw, prepared)
    folder = write(prepared, tmp_path / "source", paired=False)
    spec = sources.load_pairing(folder)
    assert (spec.paired, spec.num_train) == (False, 3)
    assert numbers(sources.load_source_images(folder, "train")) == [0, 1, 2, 3, 4]
    assert numbers(sources.load_source_images(folder, "test")) == [0, 1]
    assert sources.load_rows(folder, "source").tolist() == [0, 1, 2, 3, 4]
    assert sources.load_rows(folder, "target").tolist() == [0, 1, 2]
    assert len(arrays.load_images(prepared, "test")) == 4
    assert not sources.has_truth(folder)


@pytest.mark.parametrize("damage", ["missing", "text", "size"])
def test_damaged_pictures_are_named(pairs: Path, tmp_path: Path, damage: str) -> None:
    path = sources.source_path(pairs, "test")
    path.unlink()
    if damage == "text":
        path.write_bytes(b"text")
    elif damage == "size":
        np.save(path, np.zeros((3, 1, SIZE, SIZE + 1), np.uint8))
    with pytest.raises(GanpipeError, match=r"test_source\.npy is (missing|damaged)"):
        write(pairs, tmp_path / "source", paired=True)
    assert not (tmp_path / "source").exists()
