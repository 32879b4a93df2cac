"""A wheel of the checkout, in an environment and a folder of its own, is all that commands need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from helpers.generators import save_generator
from helpers.scoring import make_root
from helpers.support import ROOT


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of a fresh environment that ganpipe is installed into.

    Third-party packages are those of this environment: a `.pth` file names their folder, where
    the `.pth` file of an editable ganpipe has no effect.
    """
    root = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", root / "venv"], check=True, timeout=60
    )
    found = {"base": str(root / "venv"), "platbase": str(root / "venv")}
    packages = Path(sysconfig.get_path("purelib", "venv", found))
    others = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "others.pth").write_text("\n".join(sorted(others)))
    checkout = root / "checkout"  # setuptools writes into it
    checkout.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    no_caches = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", checkout / "src", ignore=no_caches)
    folder = Path(sysconfig.get_path("scripts", "venv", found))
    install = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [folder / "python", "-m", "pip", *install, "--disable-pip-version-check", checkout],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(checkout)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder far from any project, with weights, a classifier and images."""
    root = make_root(tmp_path_factory.mktemp("far"))
    save_generator(root / "generator.safetensors", classes=("three", "seven"))
    return root


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(folder: Path, *command: str | Path) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_package_is_the_one_that_runs(scripts: Path, folder: Path) -> None:
    where = run(folder, scripts / "python", "-c", "import ganpipe; print(ganpipe.__file__)")
    installed = Path(where.strip()).parent
    assert installed.is_relative_to(scripts.parent)
    assert (installed / "py.typed").is_file()
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("web/*")]
    shipped = {path.relative_to(ROOT / "src") for path in files}
    missing = [path for path in shipped if not (installed.parent / path).is_file()]
    assert missing == []


def test_generate_load_and_score(scripts: Path, folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    weights = ["--weights", "generator.safetensors", "--class", "seven", "--num", "9"]
    run(folder, scripts / "ganpipe", "generate", *weights, "--out", "new.npz")
    program = (
        "import numpy, ganpipe\n"
        "images = ganpipe.load('generator.safetensors').sample(9, label='seven')\n"
        "numpy.save('new.npy', images)"
    )
    run(folder, scripts / "python", "-c", program)
    images = np.load(folder / "new.npz")["images"]
    assert images.shape == (9, 28, 28, 1)
    assert np.array_equal(images, np.load(folder / "new.npy"))
    extractor = ["--extractor", "classifier", "--classifier", "classifier.safetensors"]
    table = run(folder, scripts / "ganpipe", "score", "new.npz", "--reference", "real", *extractor)
    assert "fid_classifier" in table
    assert {path.name for path in folder.iterdir()} - before == {"new.npz", "new.npy"}
