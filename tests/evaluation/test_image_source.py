"""Images from elsewhere: which files are taken, and in which channels they are shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.scoring import draw, make_root, run, save
from helpers.support import command
from PIL import Image

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.image_source import open_images
from ganpipe.storage.files import sha256_of


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_root(tmp_path_factory.mktemp("images"))


def pixels_of(source: Path, taken: tuple[int, ...] = (1, 3)) -> np.ndarray:
    """uint8 (N, C, H, W), in the order of the names."""
    with open_images(source) as images:
        shown = images.for_channels(taken)
        found = np.concatenate(list(shown.pieces(np.arange(len(shown)))))
        assert found.shape[1:] == shown.shape
    return found


def mixed(folder: Path, grey_first: bool) -> np.ndarray:
    """Files in colour and a grey one among them; what is right, (N, 3, H, W)."""
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 9, 8), dtype=np.uint8)
    grey = 0 if grey_first else 3
    images[grey] = images[grey, :1]
    for index, image in enumerate(images):
        pixels = image[0] if index == grey else image.transpose(1, 2, 0)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return images


@pytest.mark.parametrize("grey_first", [True, False])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_grey_among_colours_is_lifted(tmp_path: Path, kind: str, grey_first: bool) -> None:
    source = tmp_path / "images"
    wanted = mixed(source, grey_first)
    if kind == "zip":
        source = Path(shutil.make_archive(str(source), "zip", source))
    np.testing.assert_array_equal(pixels_of(source), wanted)


def test_grey_files_stay_grey_and_are_lifted_where_colours_are_wanted(tmp_path: Path) -> None:
    images = draw(5, 0)
    save(tmp_path / "grey", images)
    np.savez(tmp_path / "grey.npz", images=images.transpose(0, 2, 3, 1))
    for source in (tmp_path / "grey", tmp_path / "grey.npz"):
        np.testing.assert_array_equal(pixels_of(source), images)
        np.testing.assert_array_equal(pixels_of(source, (1,)), images)
        np.testing.assert_array_equal(pixels_of(source, (3,)), images.repeat(3, axis=1))


def test_grey_saved_as_colour_is_grey_where_that_is_wanted(tmp_path: Path) -> None:
    """As torchvision's save_image stores MNIST."""
    images = draw(5, 0)
    threefold = images.repeat(3, axis=1)
    save(tmp_path / "rgb", threefold)
    np.savez(tmp_path / "rgb.npz", images=threefold.transpose(0, 2, 3, 1))
    for source in (tmp_path / "rgb", tmp_path / "rgb.npz"):
        np.testing.assert_array_equal(pixels_of(source, (1,)), images)
        np.testing.assert_array_equal(pixels_of(source, (1, 3)), threefold)
        np.testing.assert_array_equal(pixels_of(source, (3,)), threefold)


def test_one_coloured_image_is_named_where_grey_is_wanted(tmp_path: Path) -> None:
    images = draw(5, 0).repeat(3, axis=1)
    images[3, 0, 0, 0] ^= 1
    save(tmp_path / "rgb", images)
    np.savez(tmp_path / "rgb.npz", images=images.transpose(0, 2, 3, 1))
    for source, name in (("rgb", "003.png"), ("rgb.npz", "image 3 of .*rgb.npz")):
        with pytest.raises(GanpipeError, match=f"{name} is in colour, but the extractor takes"):
            pixels_of(tmp_path / source, (1,))


def test_colours_stay_what_an_extractor_of_grey_refuses(tmp_path: Path) -> None:
    images = draw(5, 0).repeat(3, axis=1)
    images[0, 0] ^= 1
    save(tmp_path / "rgb", images)
    with open_images(tmp_path / "rgb") as opened:
        assert opened.for_channels((1,)).shape == (3, 28, 28)


def test_digits_saved_as_colours_get_the_same_figures(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As images that are evaluated, and as the reference."""
    save(tmp_path / "fake", draw(40, 2).repeat(3, axis=1))
    save(tmp_path / "real", draw(60, 1).repeat(3, axis=1))
    wanted = run(root, capsys, root / "fake", "--reference", root / "real")
    found = run(root, capsys, tmp_path / "fake", "--reference", tmp_path / "real")
    assert found["protocol"]["generated"]["channels"] == 3
    for figures in (wanted, found):
        del figures["protocol"]
    assert found == wanted


def test_every_format_is_evaluated_and_the_rest_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save(tmp_path / "images", draw(3, 0))
    Image.new("L", (28, 28), 9).save(folder / "a.GIF")
    Image.new("L", (28, 28), 9).save(folder / "b.jfif", "JPEG")
    for name in ("c.txt", "d.heic", "Thumbs.db", ".hidden.png"):
        (folder / name).write_bytes(b"")
    archive = Path(shutil.make_archive(str(folder), "zip", folder))
    for source in (folder, archive):
        assert len(pixels_of(source)) == 5
        said = capsys.readouterr()
        assert said.out == ""
        assert f"{source}: 5 images" in said.err
        assert "other files, which are ignored: 1 .heic, 1 .txt" in said.err
        assert "hidden and system files: 2" in said.err
        assert "warning: " in said.err
        assert "1 .heic; convert them to PNG or JPEG" in said.err


def test_links_to_files_elsewhere(tmp_path: Path) -> None:
    save(tmp_path / "store", draw(3, 0))
    (tmp_path / "images").mkdir()
    for path in (tmp_path / "store").iterdir():
        (tmp_path / "images" / path.name).symlink_to(path)
    np.testing.assert_array_equal(pixels_of(tmp_path / "images"), draw(3, 0))


def test_what_decoding_comes_across_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images").mkdir()
    for k in range(3):
        dark = np.full((9, 8), 4095, np.uint16)
        Image.fromarray(dark).save(tmp_path / f"images/{k}.png")
    frames = [Image.new("L", (8, 9), level) for level in (0, 255)]
    frames[0].save(tmp_path / "images/a.gif", save_all=True, append_images=frames[1:])
    with open_images(tmp_path / "images") as images:
        for _ in range(2):  # as for two extractors
            list(images.for_channels((1, 3)).pieces(np.arange(4)))
    said = capsys.readouterr().err
    assert said.count("1 file has several frames; the first of each is taken") == 1
    assert said.count("3 images of 16 bits hold values from 4095 to 4095 of 65535") == 1


@pytest.fixture
def both(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """An .npz with statistics of the real images, and the images of something else."""
    options = ["--reference", root / "real", "--save-reference", tmp_path / "kept.npz"]
    run(root, capsys, root / "fake", *options)
    with np.load(tmp_path / "kept.npz") as kept:
        statistics = {name: kept[name] for name in ("mu", "sigma")}
    images = draw(50, 9).transpose(0, 2, 3, 1)
    np.savez(tmp_path / "both.npz", arr_0=images, mu_s=np.zeros(3), **statistics)
    return tmp_path / "both.npz"


@pytest.mark.parametrize("more", [[], ["--fid-only"]])
def test_of_a_reference_with_both_the_statistics_are_taken(
    root: Path, both: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    """As the batches that other programs publish hold both."""
    found = run_and_listen(root, capsys, root / "fake", "--reference", both, *more)
    kept = run_and_listen(root, capsys, root / "fake", "--reference", both.with_name("kept.npz"))
    record = found[0]["protocol"]["classifier"]
    assert found[0]["fid_classifier"] == pytest.approx(kept[0]["fid_classifier"], rel=1e-6)
    assert record["statistics_taken"] == "mu and sigma"
    assert record["statistics_sha256"] == sha256_of(both)
    assert "source" not in record
    assert f"{both} holds images and their statistics; mu and sigma are taken" in found[1]
    assert "statistics_taken" not in kept[0]["protocol"]["classifier"]


def test_a_file_with_both_is_evaluated_by_its_images(
    root: Path, both: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run(root, capsys, both, "--reference", root / "real")
    assert figures["protocol"]["generated"]["num_generated"] == 50


def test_half_of_the_statistics_is_none(
    root: Path, both: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with np.load(both) as content:
        np.savez(both.with_name("half.npz"), mu=content["mu"], images=content["arr_0"])
    figures = run(root, capsys, root / "fake", "--reference", both.with_name("half.npz"))
    assert figures["protocol"]["classifier"]["num_real"] == 50


def run_and_listen(
    root: Path, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[dict[str, Any], str]:
    """The JSON that the command prints, and what it says on stderr."""
    weights = ["--extractor", "classifier", "--classifier", str(root / "classifier.safetensors")]
    command("score", [*map(str, arguments), *weights, "--json"])
    printed = capsys.readouterr()
    return json.loads(printed.out), printed.err
