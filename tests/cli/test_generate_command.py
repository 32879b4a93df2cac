"""Where `ganpipe generate` writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.generators import save_generator
from helpers.support import command
from PIL import Image

from ganpipe.cli.places import filled_folder
from ganpipe.core.errors import GanpipeError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with weights in it."""
    monkeypatch.chdir(tmp_path)
    return save_generator(tmp_path / "g.safetensors").parent


def generate(*arguments: str) -> None:
    command("generate", ["--weights", "g.safetensors", "--device", "cpu", *arguments])


@pytest.mark.parametrize("name", ["images.npz", "images.NPZ", "new/images.Npz"])
def test_an_archive_in_any_case(here: Path, name: str) -> None:
    generate("--num", "3", "--out", name)
    assert np.load(here / name)["images"].shape == (3, 28, 28, 1)


@pytest.mark.parametrize("name", ["digit.png", "digit.PNG", "new/digit.png"])
def test_a_single_png(here: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    generate("--num", "1", "--seed", "5", "--out", name)
    assert capsys.readouterr().out == f"1 image in {name}\n"
    generate("--num", "1", "--seed", "5", "--out", "x.npz")
    with Image.open(here / name) as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), np.load(here / "x.npz")["images"][0, :, :, 0])


@pytest.mark.parametrize("name", ["pictures", "digits.png/", "imgs.zip/", "scale_0.5", "run.v2"])
def test_a_folder(here: Path, name: str) -> None:
    generate("--num", "11", "--out", name)
    files = sorted(path.name for path in (here / name).iterdir())
    assert files == [f"{index:02d}.png" for index in range(11)]


def test_an_empty_folder_may_have_any_name(here: Path) -> None:
    (here / "results.old").mkdir()
    generate("--num", "1", "--out", "results.old")
    assert [path.name for path in (here / "results.old").iterdir()] == ["0.png"]


@pytest.mark.parametrize("name", [".", "link", "empty", "empty/", "../here/empty"])
def test_an_empty_folder_stays_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It may be the current one, the target of a link or a mount point."""
    weights = save_generator(tmp_path / "g.safetensors")
    place = tmp_path / "here"
    (place / "empty").mkdir(parents=True)
    if name == ".":
        (place / "empty").rmdir()
    if name == "link":
        (place / "link").symlink_to("empty")
    monkeypatch.chdir(place)
    before = Path(name).stat().st_ino
    command("generate", ["--weights", str(weights), "--num", "2", "--out", name, "--device", "cpu"])
    assert Path(name).stat().st_ino == before
    assert sorted(path.name for path in Path(name).iterdir()) == ["0.png", "1.png"]
    assert (place / "link").is_symlink() == (name == "link")


def test_what_appears_in_the_folder_meanwhile_is_kept(tmp_path: Path) -> None:
    with (
        pytest.raises(GanpipeError, match=r"b\.png has appeared meanwhile"),
        filled_folder(tmp_path) as folder,
    ):
        for name in ("a.png", "b.png", "c.png"):
            (folder / name).touch()
        (tmp_path / "b.png").write_text("mine")
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]
    assert (tmp_path / "b.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--out", "digit.png"], "--num is 64; name a folder, an .npz file, or --num 1"),
        (["--out", "digit.Png", "--num", "2"], "--num is 2; name a folder"),
        (["--out", "imgs.zip"], ".zip files cannot be written; name an .npz file"),
        (["--out", "a.jpg", "--num", "1"], ".jpg files cannot be written"),
        (["--out", "A.JPEG"], ".jpeg files cannot be written"),
        (["--out", "x.tar.bz2"], ".bz2 files cannot be written"),
        (["--out", "x.npy"], "x.npy/ makes a folder of that name"),
        (["--out", "full"], "full is not empty; name a new folder"),
        (["--out", "full.png"], "full.png, which is a folder; name another .png file"),
        (["--out", "full.npz", "--num", "1"], "full.npz, which is a folder"),
        (["--out", "file"], "file, which is a file; name a new folder"),
        (["--out", "gone"], "gone, a link to what is not there; name a new folder"),
        (["--out", "file/x"], "--out is file/x, and file is no folder; name a place in a folder"),
        (["--out", "file/x.npz"], "and file is no folder"),
        (["--out", "file/new/x.png", "--num", "1"], "and file is no folder"),
        (["--out", "gone/x.npz"], "and gone is no folder"),
        (["--out", "x", "--num", "0"], "--num must be at least 1"),
        (["--out", "x", "--seed", "-1"], "--seed at least 0"),
        (["--out", "x", "--weights", "none"], "none is missing; .* name another file with --weig"),
        (["--out", "x", "--weights", "full"], "full is a folder; name a .safetensors file"),
        (["--out", "x", "--class", "7"], "'mlp' is not conditional"),
    ],
)
def test_what_is_refused_leaves_nothing(here: Path, arguments: list[str], says: str) -> None:
    for name in ("full", "full.png", "full.npz"):
        (here / name).mkdir()
        (here / name / "mine").touch()
    (here / "file").write_text("mine")
    (here / "gone").symlink_to("nowhere")
    before = sorted(here.rglob("*"))
    with pytest.raises(GanpipeError, match=says):
        generate(*arguments)
    assert sorted(here.rglob("*")) == before
    assert (here / "file").read_text() == "mine"


def test_an_empty_name_is_a_wrong_command_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        generate("--out", "")
    assert caught.value.code == 2
    assert "argument --out: must not be empty" in capsys.readouterr().err


def test_a_failure_leaves_no_half_folder(here: Path) -> None:
    save_generator(here / "g.safetensors", scale=float("nan"))
    for name in ("x", "x.npz", "x.png"):
        with pytest.raises(GanpipeError, match="NaN or infinity"):
            generate("--num", "1", "--out", name)
    assert [path.name for path in here.iterdir()] == ["g.safetensors"]


def test_one_class(here: Path) -> None:
    save_generator(here / "g.safetensors", classes=("cat", "dog"))
    generate("--num", "2", "--class", "dog", "--out", "x.npz")
    with pytest.raises(GanpipeError, match="there is no class 'dgo'; did you mean 'dog'"):
        generate("--class", "dgo", "--out", "y.npz")
