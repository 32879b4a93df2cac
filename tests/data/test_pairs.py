"""The user's own pairs: every layout, both directions, and what is refused file by file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.own_pairs import LAYOUTS, SIZE, TEST, TRAIN, config, draw, save
from PIL import ExifTags, Image

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading import arrays, sources
from ganpipe.data.prepare.images import decode, decode_halves, upright_size
from ganpipe.data.prepare.prepare import prepare


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return tmp_path / "prepared"


def greys(path: Path) -> list[int]:
    """The grey of each image of one grey."""
    images = np.load(path)
    assert (images == images[:, :1, :1, :1]).all()
    return [int(image) for image in images[:, 0, 0, 0]]


def targets(prepared: Path, split: arrays.SplitName) -> list[int]:
    return greys(arrays.images_path(prepared, split))


def givens(prepared: Path, split: arrays.SplitName) -> list[int]:
    return greys(sources.source_path(prepared, split))


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_partners_stay_together_in_every_layout(
    tmp_path: Path, prepared: Path, layout: str, direction: str
) -> None:
    raw = draw(tmp_path / "raw", layout)
    figures = prepare("pairs", config(direction=direction), raw, prepared)
    assert (figures["train_images"], figures["test_images"]) == (TRAIN, TEST)
    a, b = (givens, targets) if direction == "a_to_b" else (targets, givens)
    for split, numbers in (("train", range(TRAIN)), ("test", range(TRAIN, TRAIN + TEST))):
        assert sorted(b(prepared, split)) == list(numbers)
        assert a(prepared, split) == [grey + 100 for grey in b(prepared, split)]
    spec = arrays.load_spec(prepared)
    assert spec.paired
    assert spec.target.classes == (("cat", "dog") if "classes" in layout else ())
    if spec.target.classes:
        labels = arrays.load_labels(prepared, "test")
        assert labels is not None
        assert [grey % 2 for grey in b(prepared, "test")] == labels.tolist()
        assert spec.target.class_counts == (3, 3)


@pytest.mark.parametrize("beside", [True, False])
def test_without_splits_partners_are_held_out_together(
    tmp_path: Path, prepared: Path, beside: bool
) -> None:
    raw = tmp_path / "raw"
    for k in range(30):
        if beside:
            halves = np.repeat(np.uint8([[k + 100, k]]), SIZE, axis=1).repeat(SIZE, axis=0)
            raw.mkdir(exist_ok=True)
            Image.fromarray(halves).save(raw / f"{k}.png")
        else:
            save(raw / f"A/{k}.jpg", k + 100)
            save(raw / f"B/{k}.png", k)
    prepare("pairs", config(), raw, prepared)
    before = targets(prepared, "test")
    assert 3 <= len(before) <= 15
    assert givens(prepared, "test") == [grey + 100 for grey in before]
    assert givens(prepared, "train") == [grey + 100 for grey in targets(prepared, "train")]
    assert sorted(before + targets(prepared, "train")) == list(range(30))
    if not beside:
        save(raw / "A/new.png", 250)
        save(raw / "B/new.png", 150)
        prepare("pairs", config(), raw, prepared)
        assert set(targets(prepared, "test")) - {150} == set(before)


def test_sets_without_pairs_are_used_as_a_whole(tmp_path: Path, prepared: Path) -> None:
    """Other counts and sizes on either side, and names that mean nothing."""
    raw = tmp_path / "raw"
    for k in range(9):
        save(raw / f"{'trainA' if k < 7 else 'testA'}/{k}.png", k + 100, (20, 30))
    for k in range(5):
        save(raw / f"{'trainB' if k < 2 else 'testB'}/{k}.png", k, (9 + k, 40))
    prepare("pairs", config(paired=False), raw, prepared)
    assert givens(prepared, "train") == [100 + k for k in range(7)]
    assert givens(prepared, "test") == [107, 108]
    assert targets(prepared, "train") == [0, 1]
    assert targets(prepared, "test") == [2, 3, 4]
    spec = arrays.load_spec(prepared)
    assert (spec.num_train, spec.num_test, spec.paired) == (2, 3, False)


def test_grey_becomes_colour_and_both_are_cropped_alike(tmp_path: Path, prepared: Path) -> None:
    rng = np.random.default_rng(0)
    raw = tmp_path / "raw"
    small = rng.integers(0, 256, (4, 15, 24, 3), dtype=np.uint8)
    for split, ks in (("train", (0, 1)), ("test", (2, 3))):
        for side, factor in (("A", 2), ("B", 1)):  # twice the size, the same proportions
            for k in ks:
                path = raw / side / split / f"{k}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                pixels = small[k].repeat(factor, 0).repeat(factor, 1)
                Image.fromarray(pixels).save(path)
    prepare("pairs", config(channels_b=3, image_size=SIZE), raw, prepared)
    spec = arrays.load_spec(prepared)
    assert spec.source is not None
    assert (spec.source.channels, spec.target.channels) == (1, 3)
    for folder, split, files in (
        ("A", "test", sources.source_path),
        ("B", "test", arrays.images_path),
    ):
        found = np.load(files(prepared, "test"))
        channels = found.shape[1]
        for image, k in zip(found, (2, 3), strict=True):
            assert np.array_equal(image, decode(raw / folder / split / f"{k}.png", SIZE, channels))


def test_halves_are_decoded_as_files_of_their_own(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 60, 3), dtype=np.uint8)
    for name, part in (("both", pixels), ("left", pixels[:, :30]), ("right", pixels[:, 30:])):
        Image.fromarray(part).save(tmp_path / f"{name}.png")
    left, right = decode_halves(tmp_path / "both.png", SIZE, (1, 3))
    assert np.array_equal(left, decode(tmp_path / "left.png", SIZE, 1))
    assert np.array_equal(right, decode(tmp_path / "right.png", SIZE, 3))


@pytest.mark.parametrize(("orientation", "size"), [(1, (60, 20)), (3, (60, 20)), (6, (20, 60))])
def test_the_size_is_that_of_the_upright_picture(
    tmp_path: Path, orientation: int, size: tuple[int, int]
) -> None:
    image = Image.new("L", (60, 20))
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    assert upright_size(tmp_path / "a.png") == size


def drop(*names: str) -> Callable[[Path], None]:
    def change(raw: Path) -> None:
        for name in names:
            (raw / name).unlink()

    return change


def add(*names: str, size: tuple[int, int] = (10, 12)) -> Callable[[Path], None]:
    def change(raw: Path) -> None:
        for name in names:
            save(raw / name, 5, size)

    return change


def empty_side(raw: Path) -> None:
    for path in (raw / "testB").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("layout", "change", "says"),
    [
        (
            "both in one name",
            drop("trainA/3.png", "testB/8.png"),
            ["2 pictures have no partner of the same name", "\n  trainB/3.png\n  testA/8.png\n",
             "set datasets.pairs.paired to false"],
        ),
        ("both in one name", add("trainA/x.png"), ["a picture has no partner", "trainA/x.png\n"]),
        (
            "both in one name",
            empty_side,
            ["there are no pictures of test B; found were", "\n  testA: 3\n  trainA: 6\n"],
        ),
        (
            "both in one name",
            add("trainA/3.jpg"),
            ["2 pictures have the same name as another", "trainA/3.jpg\n  trainA/3.png\n"],
        ),
        (
            "both in one name",
            add("testB/8.png", "trainB/1.png", size=(12, 10)),
            ["2 pairs have other proportions",
             "trainA/1.png: 10 x 12 pixels, trainB/1.png: 12 x 10 pixels\n  testA/8.png"],
        ),
        (
            "sides over splits",
            add("AB/train/1.png", "readme.png"),
            ["2 pictures lie on neither side:\n  AB/train/1.png\n  readme.png\n"],
        ),
        (
            "splits over sides",
            add("A/x.png"),
            ["a picture lies outside the folders of splits:\n  A/x.png\n"],
        ),
        (
            "side by side",
            add("train/1.png", "test/odd.png", size=(21, 12)),
            ["2 cannot, being of odd width or not wider than high",
             "\n  train/1.png: 21 x 12 pixels\n  test/odd.png: 21 x 12 pixels\n"],
        ),
        ("side by side", add("test/high.png"), ["1 cannot", "test/high.png: 10 x 12 pixels"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(
    tmp_path: Path, prepared: Path, layout: str, change: Callable[[Path], None], says: list[str]
) -> None:
    raw = draw(tmp_path / "raw", layout)
    change(raw)
    with pytest.raises(GanpipeError) as caught:
        prepare("pairs", config(), raw, prepared)
    for part in says:
        assert part in str(caught.value)
    assert not prepared.exists()


def test_one_side_alone_is_named(tmp_path: Path, prepared: Path) -> None:
    raw = tmp_path / "raw"
    save(raw / "A/1.png", 0)
    with pytest.raises(GanpipeError, match=r"no pictures of train B; found were\n  A: 1\n"):
        prepare("pairs", config(), raw, prepared)


def test_pictures_that_hold_both_sides_are_pairs(tmp_path: Path, prepared: Path) -> None:
    raw = draw(tmp_path / "raw", "side by side")
    with pytest.raises(GanpipeError, match=r"paired is false, but no folder is a side"):
        prepare("pairs", config(paired=False), raw, prepared)


def test_a_damaged_picture_takes_its_partner_along(
    tmp_path: Path, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = draw(tmp_path / "raw", "both in one name")
    (raw / "trainA/2.png").write_bytes(b"text")
    with pytest.raises(GanpipeError, match=r"an image cannot be used:\n  trainA/2\.png: it is not"):
        prepare("pairs", config(), raw, prepared)
    figures = prepare("pairs", config(skip_damaged=True), raw, prepared)
    assert (figures["train_images"], figures["damaged_skipped"]) == (TRAIN - 1, 1)
    assert targets(prepared, "train") == [0, 1, 3, 4, 5]
    assert givens(prepared, "train") == [100, 101, 103, 104, 105]
    (raw / "testB/8.png").write_bytes(b"text")
    (raw / "testB/7.png").write_bytes(b"text")
    with pytest.raises(GanpipeError, match=r"6 training and 1 test images of A.* 2 and 2 are"):
        drop("trainA/2.png", "trainB/2.png")(raw)
        add("trainA/2.png", "trainB/2.png")(raw)
        prepare("pairs", config(skip_damaged=True), raw, prepared)


@pytest.mark.parametrize("paired", [True, False])
def test_few_pictures_give_two_to_either_split(
    tmp_path: Path, prepared: Path, paired: bool
) -> None:
    for count in range(1, 9):
        add(f"A/{count}.png", f"B/{count}.png")(tmp_path / "raw")
        for fraction in (0.01, 0.99):
            chosen = config(paired=paired, test_fraction=fraction)
            if count < 4:
                with pytest.raises(GanpipeError, match=r"2 and 2 are needed; add images$"):
                    prepare("pairs", chosen, tmp_path / "raw", prepared)
                continue
            prepare("pairs", chosen, tmp_path / "raw", prepared)
            assert len(targets(prepared, "test")) == (2 if fraction == 0.01 else count - 2)
            assert len(targets(prepared, "train")) + len(targets(prepared, "test")) == count


def test_few_pictures_that_folders_divide_badly(tmp_path: Path, prepared: Path) -> None:
    raw = tmp_path / "raw"
    add(*(f"train{side}/{k}.png" for side in "AB" for k in range(6)))(raw)
    add("testA/7.png", "testB/7.png")(raw)
    with pytest.raises(GanpipeError, match=r"6 .* 1 .* of A, .* or datasets\.pairs\.test_fraction"):
        prepare("pairs", config(), raw, prepared)


def test_pictures_beside_test_are_said_not_to_be_used(
    tmp_path: Path, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = draw(tmp_path / "raw", "both in one name")
    add("valA/1.png", "valB/1.png")(raw)
    prepare("pairs", config(), raw, prepared)
    said = capsys.readouterr().err
    assert "warning: 2 pictures of val are not used" in said
    assert "pairs: 6 for training and 3 held out" in said
