"""Wrong arguments and weights of the command `score`, full memory, and a warning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.scoring import classifier_of, draw, run
from helpers.support import command

from ganpipe.core.errors import GanpipeError
from ganpipe.features.classifier import open_extractor
from ganpipe.features.extractor import WeightFiles


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--reference", "mnist"], "classifier.npz is missing; the stage 'reference'"),
        (["--reference", "MNIST"], r"MNIST does not exist; .*a dataset \(did you mean 'mnist'\?\)"),
        (["--reference", "nowhere"], r"\(the datasets are mnist, .*\)"),
        (["--reference", "nowhere"], "nowhere does not exist"),
        (["--reference", "nowhere.npz"], "nowhere.npz does not exist"),
        (["--reference", "FAKE", "--max-features", "1"], "--max-features must be at least 2"),
        (["--reference", "FAKE", "--batch-size", "0"], "--batch-size must be at least 1"),
        (["--reference", "FAKE", "--device", "mps"], "--device is mps, but this machine has none"),
        (["--reference", "FAKE", "--fid-only", "--fid-infinity"], "leaves out --fid-infinity"),
        (
            ["--reference", "FAKE", "--fid-infinity"],
            "FID of 40 images and 128 features .* take 430 or more, or leave out --fid-infinity",
        ),
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
    given = [str(root / "fake") if word == "FAKE" else word for word in arguments]
    with pytest.raises(GanpipeError, match=says):
        command("score", [str(root / "fake"), *classifier_of(root), *given])


def test_missing_inception_weights_say_what_works_without(root: Path) -> None:
    weights = ["--inception-weights", "none.pth"]
    with pytest.raises(GanpipeError, match=r"(?s)none.pth, .*--extractor classifier works without"):
        command("score", [str(root / "fake"), "--reference", str(root / "real"), *weights])


def test_a_folder_is_no_classifier(root: Path) -> None:
    files = WeightFiles(classifier=root, inception=None)
    with pytest.raises(GanpipeError, match="is no classifier of this version, or it is damaged"):
        open_extractor(files, torch.device("cpu"))


def test_full_memory_is_told_in_a_sentence(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ganpipe.evaluation.evaluator.measure", full)
    with pytest.raises(GanpipeError, match=r"set --batch-size to 25 .* --device cpu"):
        run(root, capsys, root / "fake", "--reference", root / "real")


def test_the_score_of_small_splits_is_warned_about(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for num, warned in ((199, True), (200, False)):
        np.savez(tmp_path / "some.npz", images=draw(num, 3).transpose(0, 2, 3, 1))
        arguments = [str(tmp_path / "some.npz"), "--reference", str(root / "real")]
        command("score", [*arguments, *classifier_of(root)])
        said = "the score is the mean of splits of 19 images, whose scores cannot pass 19"
        assert (said in capsys.readouterr().err) == warned
