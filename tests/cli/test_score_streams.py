"""The command `score` as a shell runs it, with closed streams and other encodings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file

from ganpipe.features.classifier import Accuracy, Classifier, ClassifierShape, save_classifier


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
