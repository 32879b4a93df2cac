"""Which folders are splits and which are classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganpipe.core.errors import GanpipeError
from ganpipe.data.prepare.layout import Image, find_splits, hold_out


def draw(root: Path, *names: str) -> Path:
    """A file at each name; nobody looks into it here."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
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
    said = capsys.readouterr().err
    assert "2 images outside the splits are not used: the top folder, val/" in said
    assert "splits: train/ and test/; 1 training images and 1 held out" in said


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


def test_two_images_are_always_left_to_train_on(tmp_path: Path) -> None:
    assert len(labels_of(draw(tmp_path, "1.png", "2.png", "3.png"), 0.999)["train"]) == 2


@pytest.mark.parametrize("fraction", [0.05, 0.3])
def test_the_least_that_is_held_out_changes_nothing_where_more_is(fraction: float) -> None:
    images = [Image(f"{k}.png", "") for k in range(60)]
    for count in range(3, 60):
        plain, more = (hold_out(images[:count], "", fraction, least=least) for least in (1, 2))
        if len(plain["test"]) > 1:
            assert more == plain
        else:
            assert len(more["test"]) == min(2, count - 2)
            assert set(plain["test"]) <= set(more["test"])


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["a/1.png", "a/2.png", "b/3.png", "b/4.png", "5.png"], "5.png lies in no folder"),
        (["train/a/1.png", "train/b/1.png", "test/c/2.png"], "test images of the class c"),
        (["train/a/1.png", "train/b/1.png", "test/2.png"], "test/2.png lies in no folder"),
    ],
)
def test_classes_that_do_not_fit_are_left_out(
    tmp_path: Path, names: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Many models use no classes; one that does says by itself that there are none."""
    splits = labels_of(draw(tmp_path, *names))
    assert splits["train"].keys() | splits["test"].keys() == set(names)
    assert {*splits["train"].values(), *splits["test"].values()} == {""}
    said = capsys.readouterr().err
    assert "warning: the images are taken without classes: " in said
    assert reason in said


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(GanpipeError, match="holds no images"):
        find_splits(tmp_path, 0.25)


PAIRS = [
    ("train", "test"), ("train", "val"), ("train", "valid"), ("train", "validation"),
    ("Train", "Test"), ("TRAIN", "Val"), ("training", "testing"), ("train2017", "val2017"),
    ("trainA", "testA"), ("train_A", "test_A"), ("training_set", "test_set"),
    ("trainset", "testset"), ("train-images", "valid-images"), ("img_train", "img_val"),
    ("train_256", "val_256"), ("train", "dev"), ("train", "eval"), ("training", "evaluation"),
    ("train", "holdout"),
]  # fmt: skip


@pytest.mark.parametrize(("train", "held_out"), PAIRS)
def test_pairs_that_people_have(tmp_path: Path, train: str, held_out: str) -> None:
    names = [
        f"{part}/{label}/{k}.png" for part in (train, held_out) for label in "ab" for k in "12"
    ]
    splits = labels_of(draw(tmp_path, *names))
    for split, folder in (("train", train), ("test", held_out)):
        assert splits[split] == {f"{folder}/{label}/{k}.png": label for label in "ab" for k in "12"}


@pytest.mark.parametrize("root", ["", "images/", "coco/images/"])
def test_of_three_splits_val_is_not_used(
    tmp_path: Path, root: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{root}{part}/{k}.png" for part in ("train", "val", "test") for k in "123"]
    splits = labels_of(draw(tmp_path, *names))
    assert splits["train"].keys() == {f"{root}train/{k}.png" for k in "123"}
    assert splits["test"].keys() == {f"{root}test/{k}.png" for k in "123"}
    said = capsys.readouterr().err
    assert "warning: 3 images outside the splits are not used: val/" in said


@pytest.mark.parametrize("inner", ["images/", "train/", "images/imgs/"])
def test_a_folder_that_holds_all_of_a_split_is_no_class(tmp_path: Path, inner: str) -> None:
    held = inner.replace("train", "val")
    names = [f"train/{inner}{k}/1.png" for k in "ab"] + [f"val/{held}{k}/2.png" for k in "ab"]
    splits = labels_of(draw(tmp_path, *names))
    assert list(splits["train"].values()) == list(splits["test"].values()) == ["a", "b"]


def test_splits_within_each_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As datasets of defects are laid out, with masks beside."""
    names = [
        "cable/ground_truth/bent/1.png", "cable/test/bent/1.png", "cable/train/good/1.png",
        "screw/test/good/1.png", "screw/train/good/1.png", "screw/train/good/2.png",
    ]  # fmt: skip
    assert labels_of(draw(tmp_path, *names)) == {
        "train": {names[2]: "cable", names[4]: "screw", names[5]: "screw"},
        "test": {names[1]: "cable", names[3]: "screw"},
    }
    said = capsys.readouterr().err
    assert "train/ and test/ in the folder of each class" in said
    assert "1 images outside the splits are not used: cable/ground_truth/bent/" in said


@pytest.mark.parametrize(
    ("others", "named"),
    [
        (["dog/1.png", "dog/2.png"], "dog/"),
        (["dog/train/1.png", "dog/test/2.png", "1.png"], "the top folder"),
        (["dog/a/1.png", "emu/a/2.png"], "dog/, emu/"),
    ],
)
def test_splits_within_only_some_classes_are_refused(
    tmp_path: Path, others: list[str], named: str
) -> None:
    """The images of cat/test would be trained on."""
    draw(tmp_path, "cat/train/1.png", "cat/test/1.png", *others)
    with pytest.raises(GanpipeError, match=f"held-out folder in cat/.*, but not in {named}; give"):
        find_splits(tmp_path, 0.25)


def test_a_class_within_a_class_may_be_called_train(tmp_path: Path) -> None:
    draw(tmp_path, "toy/train/1.png", "toy/car/1.png", "dog/1.png", "dog/2.png")
    splits = labels_of(tmp_path)
    assert set(splits["train"].values()) == {"toy", "dog"}


@pytest.mark.parametrize(
    "names",
    [
        ["trainA/1.png", "trainB/1.png", "testA/1.png", "testB/1.png"],  # two domains
        ["cat_train/1.png", "cat_test/1.png", "dog_train/1.png", "dog_test/1.png"],
        ["train/1.png", "val2017/1.png"],
        ["val/1.png", "test/1.png"],
        ["train_1/1.png", "train_2/1.png"],
        ["train/1.png", "val/1.png", "valid/1.png"],
        ["Train/1.png", "train/2.png", "test/1.png"],
        ["train/cat/1.png", "train/dog/1.png", "extra/cat/1.png"],
        ["train/cat/1.png", "train/dog/1.png", "logo.png"],
    ],
)
def test_splits_that_are_not_understood_are_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(GanpipeError, match=r"look like splits.*name the two train and test"):
        find_splits(draw(tmp_path, *names), 0.25)


@pytest.mark.parametrize(
    "classes",
    [("bus", "car", "train"), ("bullet train", "steam train", "tram"), ("testament", "trainer"),
     ("valley", "value"), ("latest", "trains")],
)  # fmt: skip
def test_classes_whose_names_hold_the_words(tmp_path: Path, classes: tuple[str, ...]) -> None:
    names = [f"{label}/{k}.png" for label in classes for k in range(9)]
    splits = labels_of(draw(tmp_path, *names))
    assert set(splits["train"].values()) == set(classes)


def test_the_last_image_of_a_class_is_trained_on(tmp_path: Path) -> None:
    """As of datasets of faces, where most people have one picture."""
    names = [f"person{k:02d}/0.png" for k in range(40)] + [f"many/{k}.png" for k in range(20)]
    for fraction in (0.01, 0.5, 0.99):
        splits = labels_of(draw(tmp_path, *names), fraction)
        assert set(splits["train"].values()) == {name.split("/")[0] for name in names}
        assert set(splits["test"].values()) == {"many"}
        assert len(splits["train"]) + len(splits["test"]) == 60


def test_folders_of_one_image_each_are_no_classes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    splits = labels_of(draw(tmp_path, *(f"person{k:02d}/0.png" for k in range(40))))
    assert len(splits["train"]) + len(splits["test"]) == 40
    assert splits["test"]
    assert {*splits["train"].values(), *splits["test"].values()} == {""}
    assert "every class has a single image" in capsys.readouterr().err


def test_what_was_found_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{part}/{label}/{k}.png" for part in ("train", "val") for label in "ab" for k in "12"]
    find_splits(draw(tmp_path, *names, "train/b/3.png"), 0.25)
    assert capsys.readouterr().err.splitlines() == [
        "splits: train/ and val/; 5 training images and 4 held out",
        "2 classes (training + held out): a 2 + 2, b 3 + 2",
    ]
