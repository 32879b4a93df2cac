from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganpipe.core.errors import GanpipeError
from ganpipe.data.config import FolderDataset
from ganpipe.data.loading import arrays
from ganpipe.data.prepare import folder
from ganpipe.data.prepare.folder import find_splits
from ganpipe.data.prepare.prepare import prepare

SIZE = 16


def config(**changes: Any) -> FolderDataset:
    fields = {
        "path": "images",
        "image_size": SIZE,
        "channels": 3,
        "test_fraction": 0.25,
        "skip_damaged": False,
    }
    return FolderDataset(**(fields | changes))


def draw(root: Path, *names: str) -> Path:
    """An image at each name, whose grey tells its place in the list."""
    for index, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (20, 30), index).save(root / name)
    return root


def labels_of(root: Path, fraction: float = 0.25) -> dict[str, dict[str, str]]:
    splits = find_splits(root, fraction)
    return {split: {image.name: image.label for image in splits[split]} for split in splits}


@pytest.mark.parametrize("top", ["", "wrapped/twice/"])
def test_train_and_test_are_the_splits(tmp_path: Path, top: str) -> None:
    draw(tmp_path, f"{top}train/b/1.png", f"{top}train/a/x/2.png", f"{top}test/a/3.png")
    assert labels_of(tmp_path) == {
        "train": {f"{top}train/a/x/2.png": "a", f"{top}train/b/1.png": "b"},
        "test": {f"{top}test/a/3.png": "a"},
    }


@pytest.mark.parametrize(
    "names", [("train/1.png", "test/2.png"), ("train/a/1.png", "test/a/2.png")]
)
def test_splits_without_classes(tmp_path: Path, names: tuple[str, str]) -> None:
    assert labels_of(draw(tmp_path, *names)) == {"train": {names[0]: ""}, "test": {names[1]: ""}}


def test_images_beside_train_and_test_are_mentioned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    splits = labels_of(draw(tmp_path, "train/1.png", "test/2.png", "val/3.png", "4.png"))
    assert sum(map(len, splits.values())) == 2
    assert "2 images outside train/ and test/" in capsys.readouterr().out


def test_subfolders_are_classes_and_a_share_is_held_out(tmp_path: Path) -> None:
    names = [f"{label}/{k}.png" for label in ("cat", "dog") for k in range(200)]
    splits = labels_of(draw(tmp_path, *names))
    assert sorted(splits["train"] | splits["test"]) == sorted(names)
    assert not splits["train"].keys() & splits["test"].keys()
    assert 70 < len(splits["test"]) < 130
    assert all(name.startswith(f"{label}/") for name, label in splits["test"].items())


def test_images_stay_in_their_split_when_others_come(tmp_path: Path) -> None:
    before = labels_of(draw(tmp_path, *(f"{k}.png" for k in range(40))))
    after = labels_of(draw(tmp_path, *(f"more{k}.png" for k in range(40))))
    assert before["test"].keys() <= after["test"].keys()
    assert before["train"].keys() <= after["train"].keys()


def test_a_wrapping_folder_changes_no_split(tmp_path: Path) -> None:
    names = [f"{k}.png" for k in range(40)]
    plain = labels_of(draw(tmp_path / "a", *names))
    wrapped = labels_of(draw(tmp_path / "b", *(f"top/{name}" for name in names)))
    assert {f"top/{name}" for name in plain["test"]} == wrapped["test"].keys()


def test_something_is_always_held_out(tmp_path: Path) -> None:
    assert len(labels_of(draw(tmp_path, "1.png", "2.png", "3.png"), 0.001)["test"]) == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a/1.png", "b/2.png", "3.png"], "3.png lies in none"),
        (["train/a/1.png", "train/b/1.png", "test/c/2.png"], "of the class c"),
        (["train/a/1.png", "train/b/1.png", "test/2.png"], "without a class"),
        ([], "holds no images"),
    ],
)
def test_classes_that_do_not_fit(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(GanpipeError, match=message):
        find_splits(draw(tmp_path, *names), 0.25)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return tmp_path / "prepared"


def test_arrays_follow_the_names(tmp_path: Path, prepared: Path) -> None:
    """Labels, order and grey levels, over more images than one thread takes at once."""
    raw = draw(tmp_path / "raw", *(f"{'ab'[k % 2]}/{k:03d}.png" for k in range(200)))
    figures = prepare("folder", config(channels=1), raw, prepared)
    spec = arrays.load_spec(prepared)
    assert (spec.target.classes, spec.target.native_shape) == (("a", "b"), (1, SIZE, SIZE))
    assert figures["train_images"] + figures["test_images"] == 200
    assert figures["damaged_skipped"] == 0
    names = find_splits(raw, 0.25)
    for split in ("train", "test"):
        images, labels = arrays.load_images(prepared, split), arrays.load_labels(prepared, split)
        assert [int(image.max()) for image in images] == [
            int(image.name[2:5]) for image in names[split]
        ]
        assert labels is not None
        assert labels.tolist() == ["ab".index(image.label) for image in names[split]]
    train = [image.label for image in names["train"]]
    assert spec.target.class_counts == (train.count("a"), train.count("b"))


def test_without_classes_there_are_no_labels(tmp_path: Path, prepared: Path) -> None:
    prepare("folder", config(), draw(tmp_path / "raw", *(f"{k}.png" for k in range(9))), prepared)
    spec = arrays.load_spec(prepared)
    assert spec.target.classes == spec.target.class_counts == ()
    assert arrays.load_labels(prepared, "train") is None
    assert not list(prepared.glob("*labels*"))


def damage(raw: Path, count: int) -> None:
    for k in range(count):
        (raw / f"{k}.png").write_bytes(b"text")


def test_damaged_images_are_named(tmp_path: Path, prepared: Path) -> None:
    raw = draw(tmp_path / "raw", *(f"{k}.png" for k in range(50)))
    damage(raw, 3)
    with pytest.raises(GanpipeError) as caught:
        prepare("folder", config(), raw, prepared)
    lines = str(caught.value).splitlines()
    assert lines[0] == "3 images cannot be used:"
    assert sorted(lines[1:4]) == [
        f"  {k}.png: it is not a PNG, JPEG or WebP image" for k in range(3)
    ]
    assert "skip_damaged" in lines[4]
    assert list(tmp_path.iterdir()) == [raw]


def test_a_long_list_of_damaged_images_is_cut(tmp_path: Path, prepared: Path) -> None:
    raw = draw(tmp_path / "raw", *(f"{k}.png" for k in range(50)))
    damage(raw, 30)
    with pytest.raises(GanpipeError, match="and 10 more"):
        prepare("folder", config(), raw, prepared)


def test_damaged_images_are_skipped_and_counted(tmp_path: Path, prepared: Path) -> None:
    raw = draw(tmp_path / "raw", *(f"{k}.png" for k in range(50)))
    damage(raw, 30)
    figures = prepare("folder", config(skip_damaged=True), raw, prepared)
    assert figures["damaged_skipped"] == 30
    assert figures["train_images"] + figures["test_images"] == 20
    kept = [arrays.load_images(prepared, split)[:, 0, 0, 0] for split in ("train", "test")]
    assert sorted(np.concatenate(kept)) == list(range(30, 50))


def too_few(raw: Path) -> None:
    draw(raw, "1.png")


def none_left(raw: Path) -> None:
    draw(raw, *(f"{k}.png" for k in range(9)))
    damage(raw, 9)


@pytest.mark.parametrize("make", [too_few, none_left])
def test_too_few_images(tmp_path: Path, prepared: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "raw")
    with pytest.raises(GanpipeError, match="at least 2 and 1 are needed"):
        prepare("folder", config(skip_damaged=True), tmp_path / "raw", prepared)


def test_the_slices_do_not_matter(
    tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = draw(tmp_path / "raw", *(f"{k}.png" for k in range(30)))
    damage(raw, 4)
    prepare("folder", config(skip_damaged=True), raw, prepared)
    before = {path.name: path.read_bytes() for path in prepared.iterdir()}
    monkeypatch.setattr(folder, "SLICE", 3)
    prepare("folder", config(skip_damaged=True), raw, prepared)
    assert {path.name: path.read_bytes() for path in prepared.iterdir()} == before
