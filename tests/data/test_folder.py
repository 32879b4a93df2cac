from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.data.config import FolderDataset
from ganpipe.data.image_files import readable_formats
from ganpipe.data.loading import arrays
from ganpipe.data.prepare import decoding
from ganpipe.data.prepare.layout import find_splits
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
        f"  {k}.png: it is not an image that can be read ({', '.join(readable_formats())})"
        for k in range(3)
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
    with pytest.raises(GanpipeError, match=r"at least 2 and 1 are needed; add images$"):
        prepare("folder", config(skip_damaged=True), tmp_path / "raw", prepared)


def test_enough_images_that_are_divided_badly(tmp_path: Path, prepared: Path) -> None:
    draw(tmp_path / "raw", "train/1.png", "test/2.png", "test/3.png")
    with pytest.raises(GanpipeError, match=r"add images, or divide .* or datasets\.folder\.test_f"):
        prepare("folder", config(), tmp_path / "raw", prepared)


def test_the_slices_do_not_matter(
    tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = draw(tmp_path / "raw", *(f"{k}.png" for k in range(30)))
    damage(raw, 4)
    prepare("folder", config(skip_damaged=True), raw, prepared)
    before = {path.name: path.read_bytes() for path in prepared.iterdir()}
    monkeypatch.setattr(decoding, "SLICE", 3)
    prepare("folder", config(skip_damaged=True), raw, prepared)
    assert {path.name: path.read_bytes() for path in prepared.iterdir()} == before


def deep(raw: Path, white: int) -> Path:
    """Twelve 16-bit images whose pixels are eighths of ``white``."""
    raw.mkdir()
    levels = np.arange(SIZE * SIZE).reshape(SIZE, SIZE) % 9 * white // 8
    for k in range(12):
        Image.fromarray(levels.astype(np.uint16)).save(raw / f"{k}.png")
    return raw


def test_12_of_16_bits_are_warned_about(
    tmp_path: Path, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare("folder", config(channels=1), deep(tmp_path / "raw", 4095), prepared)
    assert arrays.load_images(prepared, "train").max() == 16  # of 255
    said = capsys.readouterr().err
    assert "warning: 12 images of 16 bits hold values from 0 to 4095 of 65535" in said
    assert "set datasets.folder.range to the values that are black and white" in said
    assert "such as 0 and 4095 (12 bits)" in said


@pytest.mark.parametrize(
    ("white", "levels"), [(4095, [0, 4095]), (1023, [0, 1023]), (65535, None), (65535, [0, 65535])]
)
def test_the_range_that_is_named(
    tmp_path: Path,
    prepared: Path,
    white: int,
    levels: list[int] | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raw = deep(tmp_path / "raw", white)
    prepare("folder", config(channels=1, range=levels), raw, prepared)
    eighths = np.arange(SIZE * SIZE).reshape(SIZE, SIZE) % 9 * white // 8
    for image in arrays.load_images(prepared, "train"):
        np.testing.assert_array_equal(image[0], np.rint(eighths * 255 / white))
    assert arrays.load_spec(prepared).range == (levels and tuple(levels))
    assert "warning" not in capsys.readouterr().err


def test_a_range_without_use_is_warned_about(
    tmp_path: Path, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = draw(tmp_path / "raw", *(f"{k}.png" for k in range(9)))
    prepare("folder", config(range=[0, 4095]), raw, prepared)
    assert "warning: datasets.folder.range changes nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "says"),
    [([4095, 0], "must be black, then white above it, not 4095 and 0"), ([1], "at least 2 items"),
     ([0, 1, 2], "at most 2 items"), ("auto", "must be a list"), ([0.5, 1], "valid integer")],
)  # fmt: skip
def test_a_wrong_range(value: Any, says: str) -> None:
    content = config().model_dump() | {"range": value}
    with pytest.raises(GanpipeError, match=f"range.*{says}"):
        validate(FolderDataset, content, "params.yaml")


def test_animations_are_mentioned_once(
    tmp_path: Path, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = draw(tmp_path / "raw", *(f"{k}.png" for k in range(9)))
    frames = [Image.new("L", (SIZE, SIZE), level) for level in (0, 255)]
    for k in range(3):
        frames[0].save(raw / f"{k}.gif", save_all=True, append_images=frames[1:])
    prepare("folder", config(), raw, prepared)
    said = capsys.readouterr().err
    assert said.count("3 files have several frames; the first of each is taken") == 1


def test_sound_pixels_with_damaged_metadata_are_not_skipped(tmp_path: Path, prepared: Path) -> None:
    raw = draw(tmp_path / "raw", *(f"{k}.png" for k in range(9)))
    for path in raw.iterdir():
        content = path.read_bytes()
        place = 33  # behind the header: a chunk of EXIF data without its own header
        exif = b"eXIf" + bytes.fromhex("0008000201120003")
        chunk = (len(exif) - 4).to_bytes(4, "big") + exif + zlib.crc32(exif).to_bytes(4, "big")
        path.write_bytes(content[:place] + chunk + content[place:])
    figures = prepare("folder", config(skip_damaged=True), raw, prepared)
    assert figures["damaged_skipped"] == 0
    assert figures["train_images"] + figures["test_images"] == 9
