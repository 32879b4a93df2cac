"""The project whose stages are tested one by one, and statistics by the toy extractor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.evaluated import read, run_stage, train_and_measure
from helpers.project import edit_params
from helpers.toy_evaluation import metrics_of, toy_reference
from helpers.toy_extractor import SIDE, draw
from helpers.translated import write_images

from ganpipe.core import paths
from ganpipe.evaluation.reference import Reference


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The current folder: a project with a trained conditional model of two snapshots."""
    place = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("GANPIPE_CACHE", str(place / "cache"))
        train_and_measure(place)
        yield place


@pytest.fixture
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The prepared test images, of noise, whose folder is the current one."""
    monkeypatch.chdir(tmp_path)
    return write_images()


@pytest.fixture
def evaluate(place: Path) -> Iterator[Callable[..., Any]]:
    """The stage `evaluate` with changed parameters, where the first snapshot was the best."""
    whole = (place / "params.yaml").read_bytes()
    snapshots = read(paths.SNAPSHOT_METRICS)
    first = min(paths.SNAPSHOTS.iterdir())
    seen = int(first.stem.removeprefix("images_"))
    best = snapshots | {"best": {"images_seen": seen, "fid_classifier": 0}, "protocol": "by hand"}
    paths.SNAPSHOT_METRICS.write_text(json.dumps(best))

    def run(**changes: Any) -> Any:
        edit_params(place / "params.yaml", {f"evaluate.{k}": v for k, v in changes.items()})
        run_stage("evaluate")
        return read(paths.EVALUATE_METRICS)

    yield run
    (place / "params.yaml").write_bytes(whole)
    paths.SNAPSHOT_METRICS.write_text(json.dumps(snapshots))


@pytest.fixture(scope="module")
def real() -> dict[str, np.ndarray]:
    """Toy images of both splits."""
    return {"train": draw(500, 0), "test": draw(350, 1)}


@pytest.fixture(scope="module")
def reference(real: dict[str, np.ndarray]) -> Reference:
    """Statistics of ``real``."""
    return toy_reference(real, {"dataset": "toy", "image_size": SIDE})


@pytest.fixture(scope="module")
def good(reference: Reference) -> dict[str, Any]:
    """The figures of other images of the same distribution."""
    return metrics_of(draw(300, 2), reference)
