"""`ganpipe generate --input`: names, sizes and colours are kept, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.generators import save_generator
from helpers.support import command, small_model
from helpers.translating import pairs_of
from PIL import Image

import ganpipe
from ganpipe.core.errors import GanpipeError
from ganpipe.methods.build import build_method
from ganpipe.sampling.trained import save_sampler


def save(folder: Path, model: str, channels: int = 1, source_channels: int = 1) -> None:
    spec = pairs_of(28, channels, source_channels, paired=model != "cyclegan")
    for name, sampler in build_method(small_model(model), spec, 0).samplers().items():
        ending = f"_{name}" if name else ""
        save_sampler(folder / f"g{ending}.safetensors", sampler, {"model_name": model})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with weights and three pictures of different sizes and colours."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path, "cyclegan")
    rng = np.random.default_rng(0)
    (tmp_path / "photos" / "old").mkdir(parents=True)
    sizes = {"a.png": (28, 28), "old/b.jpg": (33, 20, 3), "c c.bmp": (8, 50, 3)}
    for name, size in sizes.items():
        pixels = rng.integers(0, 256, size, dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / name)
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    return tmp_path


def generate(*arguments: str) -> None:
    command("generate", ["--weights", "g.safetensors", "--device", "cpu", *arguments])


def test_names_and_sizes_are_kept(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate("--input", "photos", "--out", "made")
    assert capsys.readouterr().out == "3 images in made\n"
    found = sorted(path.relative_to("made").as_posix() for path in Path("made").rglob("*.png"))
    assert found == ["a.png", "c c.png", "old/b.png"]
    for name, size in (("a", (28, 28)), ("old/b", (20, 33)), ("c c", (50, 8))):
        with Image.open(f"made/{name}.png") as image:
            assert image.size == size
            assert image.mode == "L"
    trained = ganpipe.load("g.safetensors", "cpu")
    with Image.open("photos/a.png") as image:
        given = np.asarray(image)[None, :, :, None]
    with Image.open("made/a.png") as image:
        assert np.array_equal(np.asarray(image), trained.translate(given)[0, :, :, 0])


def test_both_directions_have_their_weights(here: Path) -> None:
    for direction in ("a_to_b", "b_to_a"):
        generate("--input", "photos", "--out", direction, "--direction", direction)
    first, second = (Path(way, "a.png").read_bytes() for way in ("a_to_b", "b_to_a"))
    assert first != second


@pytest.mark.parametrize(("channels", "given"), [(3, 1), (1, 3)])
def test_colours_are_those_of_the_model(here: Path, channels: int, given: int) -> None:
    save(here, "pix2pix", channels, given)
    generate("--input", "photos", "--out", "made")
    for path in Path("made").rglob("*.png"):
        with Image.open(path) as image:
            assert image.mode == ("RGB" if channels == 3 else "L")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--input", "photos", "--num", "3", "--seed", "1"], "--num, --seed of images that are"),
        (["--input", "nowhere"], "which is no folder"),
        (["--input", "empty"], "holds no images"),
        (["--direction", "b_to_a"], "name them: --input"),
        ([], "translates pictures; name a folder of them with --input"),
    ],
)
def test_what_makes_no_sense_is_refused(here: Path, arguments: list[str], says: str) -> None:
    (here / "empty").mkdir()
    with pytest.raises(GanpipeError, match=says):
        generate("--out", "made", *arguments)
    assert not (here / "made").exists()


def test_one_bad_picture_writes_nothing_and_is_named(here: Path) -> None:
    (here / "photos" / "z.png").write_bytes(b"\x89PNG\r\n\x1a\nhalf")
    with pytest.raises(GanpipeError, match=r"z\.png cannot be translated"):
        generate("--input", "photos", "--out", "made")
    Image.new("L", (7, 30)).save(here / "photos" / "z.png")
    with pytest.raises(GanpipeError, match=r"z\.png has 7 x 30 pixels; pictures need at least 8"):
        generate("--input", "photos", "--out", "made")
    (here / "photos" / "z.png").unlink()
    Image.new("L", (30, 30)).save(here / "photos" / "a.jpg")
    with pytest.raises(GanpipeError, match=r"a\.jpg and photos/a\.png would both become a\.png"):
        generate("--input", "photos", "--out", "made")
    assert not (here / "made").exists()


@pytest.mark.parametrize("out", ["made.npz", "made.png"])
def test_translations_go_to_a_folder(here: Path, out: str) -> None:
    with pytest.raises(GanpipeError, match="translations keep their names: name a folder"):
        generate("--input", "photos", "--out", out)
    (here / "full").mkdir()
    (here / "full" / "x").touch()
    with pytest.raises(GanpipeError, match=r"full is not empty; name a new folder$"):
        generate("--input", "photos", "--out", "full")
    with pytest.raises(GanpipeError, match=r"full/x, which is a file; name a new folder$"):
        generate("--input", "photos", "--out", "full/x")
    with pytest.raises(GanpipeError, match=r"full/x/y, and full/x is no folder"):
        generate("--input", "photos", "--out", "full/x/y")


@pytest.mark.parametrize(
    "out", ["photos/made", "photos/old/made", "link/made", "photos/../photos/x"]
)
def test_translations_are_not_put_among_the_pictures(here: Path, out: str) -> None:
    (here / "link").symlink_to("photos")
    before = sorted(here.rglob("*"))
    with pytest.raises(GanpipeError, match=f"--out is {out}, within --input, photos: .* outside"):
        generate("--input", "photos", "--out", out)
    assert sorted(here.rglob("*")) == before
    generate("--input", "photos", "--out", "photos made")


def test_translations_go_to_an_empty_folder_behind_a_link(here: Path) -> None:
    (here / "empty").mkdir()
    (here / "link").symlink_to("empty")
    generate("--input", "photos", "--out", "link")
    assert (here / "link").is_symlink()
    found = sorted(path.relative_to("empty").as_posix() for path in Path("empty").rglob("*.*"))
    assert found == ["a.png", "c c.png", "old/b.png"]


def test_a_model_of_one_direction_says_so(here: Path) -> None:
    (here / "g_b_to_a.safetensors").unlink()
    with pytest.raises(GanpipeError, match="translates one way"):
        generate("--input", "photos", "--out", "made", "--direction", "b_to_a")


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_weights_of_the_way_back_need_no_direction(here: Path, direction: str) -> None:
    words = ["--input", "photos", "--device", "cpu", "--weights", "g_b_to_a.safetensors"]
    with pytest.raises(GanpipeError, match="is the way back itself; leave out --direction, or"):
        command("generate", [*words, "--out", "made", "--direction", direction])
    command("generate", [*words, "--out", "made"])
    generate("--input", "photos", "--out", "again", "--direction", "b_to_a")
    assert Path("made/a.png").read_bytes() == Path("again/a.png").read_bytes()


def test_a_model_that_draws_from_noise_says_so(here: Path) -> None:
    save_generator(here / "g.safetensors")
    with pytest.raises(GanpipeError, match="draws from noise and translates nothing"):
        generate("--input", "photos", "--out", "made")


def test_the_library_refuses_other_images(here: Path) -> None:
    trained = ganpipe.load("g.safetensors", "cpu")
    wrong: list[Any] = [np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 8, 1)), np.zeros((8, 8))]
    for images in wrong:
        with pytest.raises(GanpipeError, match=r"must be uint8 \(num, height, width, 1\)"):
            trained.translate(images)
    with pytest.raises(GanpipeError, match="no images to translate; give at least one"):
        trained.translate(np.zeros((0, 28, 28, 1), np.uint8))
    for height, width in ((4, 4), (5, 3), (7, 30), (30, 7)):
        small = np.zeros((2, height, width, 1), np.uint8)
        says = f"the images have {width} x {height} pixels; pictures need at least 8 a side"
        with pytest.raises(GanpipeError, match=says):
            trained.translate(small)
    assert trained.translate(np.zeros((2, 8, 9, 1), np.uint8)).shape == (2, 8, 9, 1)
    with pytest.raises(GanpipeError, match="draws none from noise; give it pictures"):
        trained.sample(3)
