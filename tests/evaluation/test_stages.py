"""The stages classifier, reference, snapshots and evaluate on bad input, as DVC calls them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.project import TINY, draw_images, edit_params
from helpers.support import ROOT, list_code, run_python

from ganpipe.data.config import FolderDataset
from ganpipe.data.prepare.prepare import prepare


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the stages, tiny parameters and nothing else."""
    for name in ("src", "stages"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    edit_params(tmp_path / "params.yaml", TINY)
    return tmp_path


def prepare_images(place: Path, labelled: bool) -> None:
    """data/prepared of a folder of drawn images."""
    draw_images(place / "raw", per_class=12)
    if not labelled:
        for path in list((place / "raw").glob("*/*.png")):
            path.rename(place / "raw" / f"{path.parent.name}-{path.name}")
        for folder in [path for path in (place / "raw").iterdir() if path.is_dir()]:
            folder.rmdir()
    config = FolderDataset(
        path="raw", image_size=28, channels=1, test_fraction=0.2, skip_damaged=False
    )
    prepare("folder", config, place / "raw", place / "data" / "prepared")


def stage(name: str, place: Path, code: int = 1) -> str:
    list_code(place)
    result = run_python("-m", f"stages.{name}", cwd=place)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


def test_the_classifier_needs_labels(place: Path) -> None:
    prepare_images(place, labelled=False)
    assert "learns from labels, and the dataset 'folder' has none" in stage("classifier", place)
    assert not (place / "data" / "classifier").exists()
    assert not (place / "metrics" / "classifier.json").exists()


def test_the_classifier_is_skipped_without_torch(place: Path) -> None:
    edit_params(place / "params.yaml", {"evaluate.extractors": ["inception"]})
    program = (
        "import runpy, sys\n"
        "sys.modules['torch'] = None\n"
        "runpy.run_module('stages.classifier', run_name='__main__')\n"
    )
    list_code(place)
    result = run_python("-c", program, cwd=place)
    assert result.returncode == 0, result.stderr
    assert json.loads((place / "metrics" / "classifier.json").read_text()) == {}
    (left,) = (place / "data" / "classifier").iterdir()
    assert "no extractor of evaluate" in left.read_text()


def test_what_an_earlier_stage_should_have_made_is_named(place: Path) -> None:
    assert "the stage 'prepare' writes it" in stage("classifier", place)
    prepare_images(place, labelled=True)
    assert "classifier.safetensors is missing; the stage 'classifier'" in stage("reference", place)
    assert "tested on 3 images, too few" in stage("classifier", place, code=0)
    assert "tested on 3 images, too few" in stage("reference", place, code=0)
    said = stage("snapshots", place)
    assert "holds no snapshot; `dvc repro train`" in said
    assert "generated images is mostly bias" in said
    assert "generator.safetensors is missing; `dvc repro train`" in stage("evaluate", place)
    edit_params(place / "params.yaml", {"evaluate.checkpoint": "best"})
    assert "the stage 'snapshots' writes it" in stage("evaluate", place)
    reference = place / "data" / "reference" / "classifier.npz"
    with np.load(reference) as content:
        assert content["mu"].shape == (128,)
        assert content["searched"].shape[1] == 128
        protocol = json.loads(str(content["protocol"]))
    assert (protocol["dataset"], protocol["image_size"]) == ("folder", 28)
    reference.write_bytes(reference.read_bytes()[:1000])
    assert "is not a whole file of reference statistics" in stage("snapshots", place)
    assert not (place / "metrics" / "evaluate.json").exists()


@pytest.mark.parametrize("labelled", [True, False])
def test_missing_inception_weights_say_what_to_do(place: Path, labelled: bool) -> None:
    """The classifier is named where it can learn; training can go on anyway."""
    prepare_images(place, labelled)
    changes = {"evaluate.extractors": ["inception"], "evaluate.inception_weights": "none.pth"}
    edit_params(place / "params.yaml", changes)
    said = stage("reference", place)
    assert "none.pth, which does not exist" in said
    assert ("set evaluate.extractors to [classifier]" in said) == labelled
    assert ("The dataset has no labels" in said) == (not labelled)
    assert "`dvc repro sample` runs them alone" in said
    assert not (place / "data" / "reference").exists()


def test_a_curve_that_is_not_wanted_is_empty(place: Path) -> None:
    edit_params(place / "params.yaml", {"evaluate.snapshots.extractor": "none"})
    stage("snapshots", place, code=0)
    assert (place / "metrics" / "snapshots.csv").read_text() == "images_seen,kid,fid\n"
    assert json.loads((place / "metrics" / "snapshots.json").read_text()) == {}
    assert "is none" in (place / "metrics" / "snapshots_protocol.json").read_text()
