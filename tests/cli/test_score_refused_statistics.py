"""Statistics that the command `score` cannot compare with, or cannot save."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.scoring import classifier_of, draw, run, save
from helpers.support import command

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.reference import Reference, save_reference
from ganpipe.features.classifier import Classifier
from ganpipe.metrics.moments import Gaussian


def statistics(path: Path, width: int = 128, **more: Any) -> Path:
    """As other programs keep them: mu and sigma, and whatever else is named."""
    np.savez(path, **{"mu": np.zeros(width), "sigma": np.eye(width), **more})
    return path


def test_nan_is_never_printed(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "nan.npz"
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
    arguments = [str(root / "fake"), "--reference", str(far), *classifier_of(root)]
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
    keep = ["--save-reference", str(tmp_path / place), "--reference", str(root / "real")]
    with pytest.raises(GanpipeError, match=r"no statistics|cannot write .*below.npz|in .npz"):
        command("score", [str(root / "fake"), *classifier_of(root), *keep])


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


@pytest.mark.parametrize(
    ("dataset", "asked", "says"),
    [
        ("mnist", "digits", "--extractor: digits knows the modes of stacked_mnist, not mnist"),
        ("stacked_mnist", "classifier", "--extractor: the images of stacked_mnist have no classes"),
    ],
)
def test_an_extractor_that_knows_nothing_of_the_dataset_is_not_recommended(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: str, asked: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    paths.REFERENCE.mkdir(parents=True)
    (paths.REFERENCE / "inception.npz").touch()
    with pytest.raises(GanpipeError, match=says):
        command("score", [str(root / "fake"), "--reference", dataset, "--extractor", asked])
