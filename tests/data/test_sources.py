"""Source images: every kind against plain loops, pairs, halves, and what does not suit."""

from __future__ import annotations

import colorsys
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from ganpipe.core.errors import GanpipeError
from ganpipe.core.plugins import names
from ganpipe.data.loading import arrays, sources
from ganpipe.data.source.build import PACKAGE, kind_module
from ganpipe.data.source.config import SourceConfig
from ganpipe.data.source.write import BLOCK, write_source
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.storage.files import write_json

CONFIG: TypeAdapter[Any] = TypeAdapter(SourceConfig)
KINDS = names(PACKAGE)
NEEDS_COLOUR, NEEDS_GREY = {"grey"}, {"coloured"}


def config(kind: str, **fields: Any) -> Any:
    return CONFIG.validate_python({"kind": kind, **fields})


def pictures(count: int, channels: int, side: int = 8, seed: int = 0) -> np.ndarray:
    """Smooth blobs with black borders and whites, which edges and dilations tell apart."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, channels, side, side), dtype=np.uint8)
    images[:, :, :2] //= 8
    return images


def translate(kind: str, images: np.ndarray, seed: int = 0, **fields: Any) -> np.ndarray:
    given = config(kind, **fields).model_dump(exclude={"kind", "paired", "seed"})
    found: np.ndarray = kind_module(kind).translate(images, np.random.default_rng(seed), **given)
    return found


def test_every_module_has_its_fields_and_every_field_its_module() -> None:
    members = json.dumps(CONFIG.json_schema())
    for kind in (*KINDS, "folder"):  # the user's own pictures, which nothing computes
        assert f'"const": "{kind}"' in members
    assert members.count('"const"') == len(KINDS) + 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_kind_gives_what_it_says_or_refuses(kind: str, channels: int) -> None:
    refused = NEEDS_COLOUR if channels == 1 else NEEDS_GREY
    module = kind_module(kind)
    if kind in refused:
        with pytest.raises(GanpipeError, match="choose another kind"):
            module.channels(channels)
        return
    images = pictures(3, channels, side=16)
    before = images.copy()
    found = translate(kind, images)
    assert found.dtype == np.uint8
    assert found.shape == (3, module.channels(channels), 16, 16)
    assert np.array_equal(images, before)
    assert not np.array_equal(found, images)
    blank = np.zeros((1, channels, 16, 16), np.uint8)
    assert translate(kind, blank).shape[1] == module.channels(channels)


def test_edges_are_where_sobels_filters_are_steep() -> None:
    images = pictures(2, 3)
    luma = (images * np.array([0.299, 0.587, 0.114])[:, None, None]).sum(1)
    found = translate("edges", images, threshold=0.3)
    for image, edges in zip(luma, found[:, 0], strict=True):
        wide = np.pad(image, 1, mode="edge")
        for y in range(8):
            for x in range(8):
                part = wide[y : y + 3, x : x + 3]
                across = part[:, 2] - part[:, 0]
                down = part[2] - part[0]
                gradient = np.hypot(across @ [1, 2, 1], down @ [1, 2, 1])
                assert edges[y, x] == (255 if gradient > 0.3 * 1020 else 0)
    assert set(np.unique(found)) == {0, 255}


def test_thick_takes_the_brightest_around() -> None:
    images = pictures(2, 1)
    found = translate("thick", images, pixels=2)
    for y in range(8):
        for x in range(8):
            around = images[:, :, max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
            assert np.array_equal(found[:, :, y, x], around.max((2, 3)))


def test_low_resolution_averages_squares() -> None:
    images = pictures(2, 3)
    found = translate("low_resolution", images, factor=4)
    for y in (0, 4):
        for x in (0, 4):
            mean = np.rint(images[:, :, y : y + 4, x : x + 4].mean((2, 3)))
            assert (found[:, :, y : y + 4, x : x + 4] == mean[:, :, None, None]).all()


def test_a_hole_is_grey_and_everywhere_else_nothing_changes() -> None:
    images = pictures(50, 1, side=10)
    images[images == 128] = 0
    found = translate("hole", images, size=4)
    places = set()
    for image, holed in zip(images[:, 0], found[:, 0], strict=True):
        rows, columns = np.nonzero(holed == 128)
        assert len(rows) == 16
        assert np.ptp(rows) == np.ptp(columns) == 3
        assert (holed[holed != 128] == image[holed != 128]).all()
        places.add((rows[0], columns[0]))
    assert {y for y, _ in places} == set(range(7))


def test_noise_has_its_deviation() -> None:
    images = np.full((40, 1, 32, 32), 128, np.uint8)
    difference = translate("noise", images, deviation=20.0) - 128.0
    assert difference.mean() == pytest.approx(0, abs=0.5)
    assert difference.std() == pytest.approx(20, rel=0.02)
    assert set(np.unique(translate("noise", images[:2], deviation=1e4))) >= {0, 255}


def test_grey_is_the_luma() -> None:
    images = pictures(2, 3)
    weights = np.array([0.299, 0.587, 0.114])
    expected = np.rint((images * weights[:, None, None]).sum(1))
    assert np.array_equal(translate("grey", images)[:, 0], expected)


def test_inverted_is_255_minus_the_image() -> None:
    images = pictures(2, 3)
    assert (translate("inverted", images).astype(int) + images == 255).all()


def test_colours_go_from_a_darker_ground_to_a_bright_figure() -> None:
    images = np.zeros((200, 1, 2, 2), np.uint8)
    images[:, :, 0] = 255
    images[:, :, 1, 1] = 51
    found = translate("coloured", images).astype(float) / 255
    for image in found:
        figure, ground, between = image[:, 0, 0], image[:, 1, 0], image[:, 1, 1]
        hue, full, value = colorsys.rgb_to_hsv(*figure)
        other, also_full, half = colorsys.rgb_to_hsv(*ground)
        assert (full, value, also_full) == pytest.approx((1, 1, 1), abs=0.02)
        assert half == pytest.approx(0.5, abs=0.01)
        assert 1 / 3 - 0.02 <= (other - hue) % 1 <= 2 / 3 + 0.02
        assert between == pytest.approx(ground + 0.2 * (figure - ground), abs=0.01)
    hues = [colorsys.rgb_to_hsv(*image[:, 0, 0])[0] for image in found]
    assert np.histogram(hues, 6, (0, 1))[0].min() > 15


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("low_resolution", {"factor": 3}, "source.factor 3 does not divide"),
        ("hole", {"size": 8}, "source.size 8 leaves nothing"),
    ],
)
def test_what_the_images_cannot_give_is_refused(kind: str, fields: Any, said: str) -> None:
    with pytest.raises(GanpipeError, match=said):
        translate(kind, pictures(1, 1), **fields)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    folder = tmp_path / "prepared"
    folder.mkdir()
    domain = Domain(1, 8, 12, ("a", "b"), (5, 6))
    spec = DataSpec("mnist", domain, num_train=11, num_test=4)
    write_json(arrays.spec_path(folder), spec.to_dict())
    for seed, (split, count) in enumerate((("train", 11), ("test", 4))):
        np.save(folder / f"{split}_images.npy", pictures(count, 1, seed=seed))
    return folder


def test_a_pair_keeps_its_row(prepared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    write_source(config("inverted"), prepared=prepared, folder=folder)
    spec = sources.load_pairing(folder)
    assert spec.paired
    assert (spec.num_train, spec.num_test) == (11, 4)
    assert spec.target == Domain(1, 8, 8, ("a", "b"), (5, 6))  # native: nothing is padded
    assert spec.source == spec.target
    for split in ("train", "test"):
        images = np.load(prepared / f"{split}_images.npy")
        found = sources.load_source_images(folder, split)
        assert isinstance(found, np.memmap)
        assert np.array_equal(found, 255 - images)
    fields = {"kind": "inverted", "paired": True, "seed": 0}
    assert sources.load_about(folder) == {**fields, "drawn": False}


def test_unpaired_sides_share_no_picture(prepared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    write_source(config("inverted", paired=False), prepared=prepared, folder=folder)
    spec = sources.load_pairing(folder)
    assert not spec.paired
    ours, theirs = (sources.load_rows(folder, side) for side in sources.SIDES)
    assert sorted([*ours, *theirs]) == list(range(11))
    assert (len(ours), len(theirs), spec.num_train) == (5, 6, 6)
    train = np.load(prepared / "train_images.npy")
    assert np.array_equal(sources.load_source_images(folder, "train"), 255 - train[ours])
    test = np.load(prepared / "test_images.npy")
    assert np.array_equal(sources.load_source_images(folder, "test"), 255 - test)
    other = tmp_path / "other"
    write_source(config("inverted", paired=False, seed=1), prepared=prepared, folder=other)
    assert not np.array_equal(ours, sources.load_rows(other, "source"))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - NEEDS_COLOUR))
def test_a_kind_says_whether_it_draws(kind: str) -> None:
    images = pictures(5, 1, side=16)
    first, second = (translate(kind, images, seed=seed) for seed in (0, 1))
    assert kind_module(kind).DRAWN is not np.array_equal(first, second)


@pytest.mark.parametrize("kind", ["hole", "noise", "coloured"])
def test_the_same_seed_gives_the_same_bytes(prepared: Path, tmp_path: Path, kind: str) -> None:
    size = {"size": 3} if kind == "hole" else {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_source(config(kind, seed=seed, **size), prepared=prepared, folder=tmp_path / name)
    first, second, third = (
        (tmp_path / name / "train_source.npy").read_bytes() for name in ("a", "b", "c")
    )
    assert first == second
    assert first != third


def test_blocks_have_streams_of_their_own(tmp_path: Path, prepared: Path) -> None:
    """Images of different blocks and splits get different noise."""
    spec = DataSpec("mnist", Domain(1, 2, 2), num_train=BLOCK + 4, num_test=4)
    write_json(arrays.spec_path(prepared), spec.to_dict())
    for split, count in (("train", BLOCK + 4), ("test", 4)):
        np.save(prepared / f"{split}_images.npy", np.full((count, 1, 2, 2), 128, np.uint8))
    write_source(config("noise"), prepared=prepared, folder=tmp_path / "source")
    train = sources.load_source_images(tmp_path / "source", "train")
    test = sources.load_source_images(tmp_path / "source", "test")
    parts = [train[:4].tobytes(), train[BLOCK:].tobytes(), test.tobytes()]
    assert len(set(parts)) == 3


def test_a_model_that_draws_from_noise_leaves_always_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    write_source(None, prepared=tmp_path / "nowhere", folder=folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_source(None, prepared=tmp_path / "elsewhere", folder=folder)
    assert first == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(first) == 1
    with pytest.raises(GanpipeError, match=r"spec\.json is missing; the stage 'source'"):
        sources.load_pairing(folder)


def test_damaged_sources_are_refused(prepared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    write_source(config("inverted"), prepared=prepared, folder=folder)
    np.save(sources.source_path(folder, "train"), np.zeros((3, 1, 8, 8), np.uint8))
    with pytest.raises(
        GanpipeError, match=r"train_source.npy is damaged \(it holds uint8 \(3, 1, 8"
    ):
        sources.load_source_images(folder, "train")
    sources.source_path(folder, "test").unlink()
    with pytest.raises(GanpipeError, match="the stage 'source' writes it"):
        sources.load_source_images(folder, "test")
