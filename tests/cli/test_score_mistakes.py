"""Messages about mistakes, of the command that evaluates images from elsewhere."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.scoring import draw, make_root, run, save
from helpers.support import command
from PIL import Image
from safetensors.torch import load_file

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.data.prepare.images import decode_as_it_is
from ganpipe.data.prepare.notes import DamagedImageError
from ganpipe.evaluation.image_source import open_images
from ganpipe.evaluation.reference import Reference, save_reference
from ganpipe.features.classifier import (
    Accuracy,
    Classifier,
    ClassifierShape,
    open_extractor,
    save_classifier,
)
from ganpipe.features.extractor import WeightFiles
from ganpipe.metrics.moments import Gaussian


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_root(tmp_path_factory.mktemp("score"))


def statistics(path: Path, width: int = 128, **more: Any) -> Path:
    """As other programs keep them: mu and sigma, and whatever else is named."""
    np.savez(path, **{"mu": np.zeros(width), "sigma": np.eye(width), **more})
    return path


def test_nan_is_never_printed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = root / "nan.npz"
    reference = Reference(Gaussian(np.zeros(128), np.eye(128)), {"note": float("nan")})
    save_reference(kept, reference)
    with pytest.raises(GanpipeError, match="holds NaN or infinity"):
        run(root, capsys, root / "fake", "--reference", kept)


@pytest.mark.parametrize("fid_only", [True, False])
def test_a_figure_that_overflows_is_refused(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fid_only: bool
) -> None:
    """In the table, too, whose figures no JSON writer checks."""
    far = statistics(tmp_path / "far.npz", mu=np.full(128, 1e200))
    classifier = ["--extractor", "classifier", "--classifier", str(root / "classifier.safetensors")]
    arguments = [str(root / "fake"), "--reference", str(far), *classifier]
    with pytest.raises(GanpipeError, match="distance came out as infinity"):
        command("score", arguments + ["--fid-only"] * fid_only)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"features": np.zeros((0, 128))}, r"features has the shape \(0, 128\), not \(1 or more"),
        ({"searched": np.zeros((0, 128))}, r"searched has the shape \(0, 128\)"),
        ({"mu": np.zeros(0), "sigma": np.zeros((0, 0))}, r"mu has the shape \(0,\)"),
        ({"width": 64}, "are of 64 features, the extractor 'classifier' has 128"),
    ],
    ids=["features", "searched", "nothing", "width"],
)
def test_statistics_that_do_not_fit_are_refused_before_anything_is_computed(
    root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    says: str,
) -> None:
    def forward(*_: object) -> None:
        raise AssertionError("images were evaluated")

    monkeypatch.setattr(Classifier, "forward", forward)
    kept = statistics(tmp_path / "kept.npz", **changes)
    with pytest.raises(GanpipeError, match=says):
        run(root, capsys, root / "fake", "--reference", kept)
    save(tmp_path / "large", draw(2, 0, size=32))
    with pytest.raises(GanpipeError, match="these have 32 x 32"):
        run(root, capsys, tmp_path / "large", "--reference", root / "real")


def test_statistics_replace_nothing_else(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = tmp_path / "images.npz"
    np.savez(images, images=draw(5, 0).transpose(0, 2, 3, 1))
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(images.read_bytes()[:-30])
    weights = shutil.copy(root / "classifier.safetensors", tmp_path)
    for target, says in (
        (images, "holds no statistics; name another"),
        (damaged, "holds no statistics; name another"),
        (weights, "ends in .npz"),
    ):
        before = Path(target).read_bytes()
        with pytest.raises(GanpipeError, match=says):
            run(root, capsys, images, "--reference", root / "real", "--save-reference", target)
        assert Path(target).read_bytes() == before
    old = statistics(tmp_path / "old.npz")
    run(root, capsys, images, "--reference", root / "real", "--save-reference", old)
    assert "features" in np.load(old)


@pytest.mark.parametrize("place", ["folder.npz", "file/below.npz", "statistics"])
def test_a_place_where_no_statistics_can_be_saved(root: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "file").touch()
    weights = ["--extractor", "classifier", "--classifier", str(root / "classifier.safetensors")]
    keep = ["--save-reference", str(tmp_path / place), "--reference", str(root / "real")]
    with pytest.raises(GanpipeError, match=r"no statistics|cannot write .*below.npz|in .npz"):
        command("score", [str(root / "fake"), *weights, *keep])


def test_full_memory_is_told_in_a_sentence(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ganpipe.evaluation.evaluator.measure", full)
    with pytest.raises(GanpipeError, match=r"set --batch-size to 25 .* --device cpu"):
        run(root, capsys, root / "fake", "--reference", root / "real")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("nothing", "nothing does not exist"),
        ("empty", r"empty holds no images \(.apng, "),
        ("empty.zip", r"empty.zip holds no images \(.apng, "),
        ("damaged", "001.png cannot be evaluated"),
        ("sizes", r"001.png is 30 x 30 pixels of 1 channels, but 000.png is 28 x 28"),
        ("large", "takes images of 28 x 28 pixels; these have 32 x 32"),
        ("colour", "takes images of 1 channels; these have 3"),
        ("single", "single holds 1 image; a covariance needs two"),
        ("text.zip", "neither a folder nor a .zip or .tar"),
        ("other.npz", "holds no whole array `images` or `arr_0`"),
        ("array.npz", "it is a single array, not an .npz"),
        ("flipped.npz", "holds no whole array `images`"),
        ("floats.npz", r"must be uint8 \(N, H, W, 1 or 3\), not float64"),
    ],
)
def test_images_that_cannot_be_evaluated(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, what: str, says: str
) -> None:
    bad = tmp_path / what
    if what == "empty":
        bad.mkdir()
    elif what == "empty.zip":
        with zipfile.ZipFile(bad, "w") as archive:
            archive.writestr("notes.txt", "no image")
    elif what in ("damaged", "sizes"):
        save(bad, draw(2, 0))
        if what == "damaged":
            (bad / "001.png").write_bytes((bad / "001.png").read_bytes()[:80])
        else:
            Image.new("L", (30, 30)).save(bad / "001.png")
    elif what == "large":
        save(bad, draw(2, 0, size=32))
    elif what == "colour":
        save(bad, np.concatenate([draw(2, seed) for seed in range(3)], axis=1))
    elif what == "single":
        save(bad, draw(1, 0))
    elif what == "text.zip":
        bad.write_text("no archive")
    elif what == "other.npz":
        np.savez(bad, pictures=np.zeros(3))
    elif what == "array.npz":
        np.save(tmp_path / "array.npy", draw(2, 0))
        (tmp_path / "array.npy").rename(bad)
    elif what == "flipped.npz":
        np.savez_compressed(bad, images=draw(9, 0).transpose(0, 2, 3, 1))
        content = bytearray(bad.read_bytes())
        content[60:80] = bytes(20)
        bad.write_bytes(content)
    elif what == "floats.npz":
        np.savez(bad, images=np.zeros((3, 28, 28, 1)))
    with pytest.raises(GanpipeError, match=says):
        run(root, capsys, bad, "--reference", root / "real")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--reference", "mnist"], "classifier.npz is missing; the stage 'reference'"),
        (["--reference", "nowhere"], "nowhere does not exist"),
        (["--reference", "nowhere.npz"], "nowhere.npz does not exist"),
        (["--reference", "FAKE", "--max-features", "1"], "--max-features must be at least 2"),
        (["--reference", "FAKE", "--batch-size", "0"], "--batch-size must be at least 1"),
        (["--reference", "FAKE", "--device", "mps"], "--device is mps, but this machine has none"),
        (["--reference", "FAKE", "--fid-only", "--fid-infinity"], "leaves out --fid-infinity"),
        (["--reference", "FAKE", "--fid-infinity"], "FID of 40 images and 128 features"),
        (["--reference", "FAKE", "--extractor", "inceptoin"], "there is no extractor 'inceptoin'"),
        (["--reference", "FAKE", "--inception-weights", "w.pth"], "is of the extractor inception"),
        (
            ["--reference", "FAKE", "--extractor", "inception", "--inception-weights", "none.pth"],
            "none.pth, which does not exist",
        ),
    ],
)
def test_wrong_arguments_are_named(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    weights = ["--extractor", "classifier", "--classifier", str(root / "classifier.safetensors")]
    given = [str(root / "fake") if word == "FAKE" else word for word in arguments]
    with pytest.raises(GanpipeError, match=says):
        command("score", [str(root / "fake"), *weights, *given])


def test_an_archive_that_leads_out_is_refused(root: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../out.png", b"")
    with pytest.raises(GanpipeError, match="unsafe name"), open_images(tmp_path / "bad.zip"):
        pass
    assert not (tmp_path.parent / "out.png").exists()


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("link", "holds the link more; put the file itself there"),
        ("locked", r"locked cannot be read \(Permission denied\)"),
        ("pipe", "x.png is not a file; remove it"),
        ("leads nowhere", "x.png is not a file; remove it"),
    ],
)
def test_no_image_is_left_out_without_a_word(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, says: str
) -> None:
    folder = save(tmp_path / "images", draw(3, 0))
    if what == "link":
        (folder / "more").symlink_to(root / "real")
    elif what == "locked":
        (folder / "locked").mkdir()
        listed = os.scandir

        def scandir(path: Any) -> Any:
            if str(path).endswith("locked"):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return listed(path)

        monkeypatch.setattr(os, "scandir", scandir)
    elif what == "pipe":
        os.mkfifo(folder / "x.png")
    else:
        (folder / "x.png").symlink_to(tmp_path / "nothing")
    with pytest.raises(GanpipeError, match=says), open_images(folder):
        pass


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "images.npz")
    with pytest.raises(GanpipeError, match="is not a file"), open_images(tmp_path / "images.npz"):
        pass


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_numbers_without_a_white_are_refused(tmp_path: Path, dtype: type) -> None:
    """They were evaluated as black."""
    pixels = np.linspace(0, 1 if dtype == np.float32 else 200, 64).reshape(8, 8).astype(dtype)
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    with pytest.raises(DamagedImageError, match="32-bit numbers"):
        decode_as_it_is(tmp_path / "a.tif")


def test_an_array_that_claims_too_much_is_refused(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 28, 28, 1)}
    np.lib.format.write_array_header_1_0(header, about)
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("images.npy", header.getvalue())
    np.savez(tmp_path / "flat.npz", images=np.zeros((3, 0, 28, 1), np.uint8))
    for name, says in (("huge", "more than fits into memory"), ("flat", r"uint8 \(3, 0, 28, 1")):
        with pytest.raises(GanpipeError, match=says):
            run(root, capsys, tmp_path / f"{name}.npz", "--reference", root / "real")


def test_the_score_of_small_splits_is_warned_about(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = ["--extractor", "classifier", "--classifier", str(root / "classifier.safetensors")]
    for num, warned in ((199, True), (200, False)):
        np.savez(tmp_path / "some.npz", images=draw(num, 3).transpose(0, 2, 3, 1))
        command("score", [str(tmp_path / "some.npz"), "--reference", str(root / "real"), *weights])
        said = "the score is the mean of splits of 19 images, whose scores cannot pass 19"
        assert (said in capsys.readouterr().err) == warned


def shell(root: Path, more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a shell runs it, with closed streams and the like."""
    command = (
        f"{sys.executable} -m ganpipe score {root}/fake --reference {root}/real "
        f"--extractor classifier --classifier {root}/classifier.safetensors {more}"
    )
    return subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )


def test_closed_streams_lose_no_figures(root: Path) -> None:
    without_errors = shell(root, "--fid-only 2>&-")
    assert (without_errors.returncode, without_errors.stderr) == (0, "")
    assert without_errors.stdout.startswith("fid_classifier")
    without_output = shell(root, "--fid-only >&-")
    assert without_output.returncode == 1
    assert without_output.stderr.startswith("error: standard output is closed; there is nowhere")


def test_a_letter_that_the_terminal_lacks_loses_no_figures(root: Path, tmp_path: Path) -> None:
    saved = load_file(root / "classifier.safetensors")
    network = Classifier(shape := ClassifierShape(1, 28, {"straße": 0.5, "中文": 0.5}))
    network.load_state_dict(saved)
    tested = Accuracy(value=1.0, num_test=60)
    save_classifier(tmp_path / "classifier.safetensors", network, shape, tested=tested)
    for name in ("fake", "real"):
        (tmp_path / name).symlink_to(root / name)
    result = shell(tmp_path, "--max-features 10", PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr.count("Traceback")) == (0, 0)
    assert "stra\\xdfe" in result.stdout


def test_a_folder_is_no_classifier(root: Path) -> None:
    files = WeightFiles(classifier=root, inception=None)
    with pytest.raises(GanpipeError, match="is no classifier of this version, or it is damaged"):
        open_extractor(files, torch.device("cpu"))


@pytest.mark.parametrize(
    ("there", "asked", "says"),
    [
        (
            ["classifier"],
            "inception",
            "for the extractor classifier, not for inception; name --extractor classifier, or make "
            "them with `dvc exp run -S 'evaluate.extractors=[classifier,inception]' reference`",
        ),
        (["inception"], "classifier", "for the extractor inception, not for classifier; name"),
        (["classifier"], "classifier,inception", "classifier, not for inception"),
    ],
)
def test_statistics_for_another_extractor_are_named(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: list[str],
    asked: str,
    says: str,
) -> None:
    """At once, before weights are read or downloaded."""
    monkeypatch.chdir(tmp_path)
    paths.REFERENCE.mkdir(parents=True)
    for name in there:
        (paths.REFERENCE / f"{name}.npz").touch()
    with pytest.raises(GanpipeError, match=re.escape(says)):
        command("score", [str(root / "fake"), "--reference", "mnist", "--extractor", asked])


def test_missing_inception_weights_say_what_works_without(root: Path) -> None:
    weights = ["--inception-weights", "none.pth"]
    with pytest.raises(GanpipeError, match=r"(?s)none.pth, .*--extractor classifier works without"):
        command("score", [str(root / "fake"), "--reference", str(root / "real"), *weights])
