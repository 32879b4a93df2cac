"""Every shipped block on 300 images by the real command, its stderr in a file."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.project import draw_images, edit_params, shipped_models
from helpers.support import ROOT, SHIPPED, list_code, run_python

from ganpipe.core import paths
from ganpipe.data.config import FolderDataset
from ganpipe.data.prepare.prepare import prepare

SMALL: dict[str, Any] = {  # all else is as shipped
    "width": 2,
    "hidden": [8, 8],
    "latent_dim": 8,
    "channel_base": 64,
    "channel_max": 4,
    "style_dim": 8,
}
REFUSED = {"wgan"}  # its warm-up alone takes more batches than five epochs of 300 images have


def small(content: Any) -> Any:
    if not isinstance(content, dict):
        return content
    return {name: SMALL.get(name, small(value)) for name, value in content.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 300 prepared images and the shipped parameters, but for smaller networks."""
    place = tmp_path_factory.mktemp("blocks")
    for name in ("src", "stages"):
        (place / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "params.yaml", place)
    draw_images(place / "raw", per_class=170)
    config = FolderDataset(
        path="raw", image_size=28, channels=1, test_fraction=0.1, skip_damaged=False
    )
    prepare("folder", config, place / "raw", place / paths.PREPARED)
    blocks = {f"models.{name}": small(model) for name, model in shipped_models().items()}
    edit_params(place / "params.yaml", blocks | {"dataset": "folder"})
    return place


@pytest.mark.parametrize("name", SHIPPED.models)
def test_a_block_trains_on_few_images_without_a_terminal(place: Path, name: str) -> None:
    edit_params(place / "params.yaml", {"model": name})
    list_code(place)
    assert run_python("-m", "stages.source", cwd=place).returncode == 0
    log = place / f"{name}.log"
    with log.open("w") as stderr:
        done = subprocess.run(
            [sys.executable, "-m", "stages.train"],
            cwd=place,
            env={**os.environ, "GANPIPE_CACHE": str(place / "cache")},
            stderr=stderr,
            timeout=120,
            check=False,
        )
    said = log.read_text()
    assert "Traceback" not in said
    if name in REFUSED:
        assert done.returncode == 1
        assert "too few to learn anything; set train.epochs to " in said
        return
    assert done.returncode == 0, said
    epochs = SHIPPED.train.epochs
    assert [f"epoch {number}/{epochs}: " in said for number in range(1, epochs + 2)] == [
        *[True] * epochs,
        False,
    ]
    with (place / paths.TRAIN_CURVE).open() as source:
        assert list(csv.DictReader(source))[-1]["g_loss"]
