"""Sides in folders that are not called A and B are not halved in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.own_pairs import config, draw, save

from ganpipe.core.errors import GanpipeError
from ganpipe.data.prepare.pair_layout import find_pairs
from ganpipe.data.prepare.prepare import prepare

LANDSCAPE = (20, 10)


def lay(root: Path, *names: str) -> Path:
    for name in names:
        save(root / name, 5, LANDSCAPE)
    return root


@pytest.mark.parametrize(
    ("names", "folders"),
    [
        (["input/{k}.png", "target/{k}.png"], ("input", "target")),
        (["photos/{k}.jpg", "drawings/{k}.png"], ("drawings", "photos")),
        (["all/photos/x/{k}.jpg", "all/drawings/x/{k}.png"], ("drawings", "photos")),
        (["train/x/{k}.png", "train/y/{k}.png", "test/x/9.png", "test/y/9.png"], ("x", "y")),
        (["x/train/{k}.png", "y/train/{k}.png", "x/test/9.png", "y/test/9.png"], ("x", "y")),
    ],
)  # fmt: skip
def test_two_folders_of_the_same_names_are_refused(
    tmp_path: Path, names: list[str], folders: tuple[str, str]
) -> None:
    raw = lay(tmp_path / "raw", *(name.format(k=k) for name in names for k in range(6)))
    with pytest.raises(GanpipeError) as caught:
        prepare("pairs", config(), raw, tmp_path / "prepared")
    first, second = folders
    assert f"the folders {first} and {second} hold pictures of the same names" in str(caught.value)
    assert f"rename {first} to A and {second} to B, or" in str(caught.value)
    assert not (tmp_path / "prepared").exists()


def test_sides_below_classes_belong_above_them(tmp_path: Path) -> None:
    names = (f"{label}/{side}/{k}.png" for label in ("cat", "dog") for side in "AB" for k in "12")
    raw = lay(tmp_path, *names, "cat/A/3.png", "cat/B/3.png")
    with pytest.raises(GanpipeError, match=r"put A and B above the other folders, and call them"):
        find_pairs(raw, 0.3, paired=True)


def test_sides_in_names_alone_are_refused(tmp_path: Path) -> None:
    raw = lay(tmp_path, *(f"{k}_{side}.png" for k in range(6) for side in "AB"))
    with pytest.raises(GanpipeError, match="put those of _A into a folder A"):
        find_pairs(raw, 0.3, paired=True)


@pytest.mark.parametrize(
    "names",
    [
        ["train/{k}.png", "test/{k}.png"],  # of both splits the same numbers
        ["cat/{k}.png", "dog/1{k}.png"],
        ["cat/{k}.png", "dog/{k}.png", "cow/{k}.png"],
        ["cat/{k}.png", "{k}.png"],
    ],
)
def test_pictures_that_hold_both_sides_are_halved_and_said_to_be(
    tmp_path: Path, names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    raw = lay(tmp_path, *(name.format(k=k) for name in names for k in range(6)))
    assert find_pairs(raw, 0.3, paired=True).side_by_side
    assert "of each picture the left half is A, and the right half is B" in capsys.readouterr().err


def test_nothing_is_said_of_halves_where_there_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    find_pairs(draw(tmp_path, "classes"), 0.3, paired=True)
    assert "half" not in capsys.readouterr().err
