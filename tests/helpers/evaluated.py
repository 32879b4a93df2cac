"""A project with a trained conditional model, and its figures made again from its files.

All paths are of the current folder, which the fixture `place` of tests/evaluation makes.
"""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ruamel.yaml import YAML

from ganpipe.core import paths
from ganpipe.data.config import FolderDataset
from ganpipe.data.prepare.prepare import prepare
from ganpipe.evaluation.reference import fixed_order
from ganpipe.features.classifier import open_extractor
from ganpipe.features.extractor import Output, WeightFiles
from ganpipe.metrics.frechet import frechet_distance
from ganpipe.metrics.moments import Gaussian
from ganpipe.sampling.draw import draw
from ganpipe.sampling.trained import load_trained
from helpers.project import TINY, draw_images, edit_params
from helpers.support import ROOT, list_code, run_python, shrink

CPU = torch.device("cpu")
NUM, OF_SNAPSHOTS = 40, 24
NUM_TRAIN, NUM_TEST = 65, 15  # of 80 images, by the hashes of their names
CHANGES = {
    "model": "cgan",
    "train.batch_size": 8,
    "evaluate.num_generated": NUM,
    "evaluate.num_reference": 50,
    "evaluate.snapshots.num_generated": OF_SNAPSHOTS,
    "evaluate.max_searched.classifier": 60,
}


def run_stage(name: str) -> None:
    import_module(f"stages.{name}").main()


def train_and_measure(place: Path) -> None:
    """Make the empty folder ``place``, the current one, a project with a trained conditional model
    of two snapshots, statistics of real images, and the curve of the snapshots."""
    for name in ("src", "stages"):
        (place / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "params.yaml", place)
    model = shrink(YAML(typ="safe").load(ROOT / "params.yaml")["models"]["cgan"])
    edit_params(place / "params.yaml", TINY | CHANGES | {"models.cgan": model})
    draw_images(place / "raw")
    config = FolderDataset(
        path="raw", image_size=28, channels=1, test_fraction=0.2, skip_damaged=False
    )
    prepare("folder", config, place / "raw", place / paths.PREPARED)
    list_code(place)
    trained = run_python("-m", "stages.train", cwd=place)
    assert trained.returncode == 0, trained.stderr
    for name in ("classifier", "reference", "snapshots"):
        run_stage(name)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def outputs_of(images: torch.Tensor) -> Output:
    """Features and logits of the project's classifier for uint8 (N, C, h, w), all at once."""
    files = WeightFiles(classifier=paths.CLASSIFIER, inception=None)
    with torch.inference_mode():
        output: Output = open_extractor(files, CPU).network(images)
    return output


def drawn(weights: Path, num: int, purpose: str) -> torch.Tensor:
    trained = load_trained(weights, CPU)
    return torch.cat(
        [each.images for each in draw(trained.sampler, num, trained.seed, purpose=purpose)]
    )


def labels_of(weights: Path, num: int, purpose: str) -> torch.Tensor:
    trained = load_trained(weights, CPU)
    labels = [each.label for each in draw(trained.sampler, num, trained.seed, purpose=purpose)]
    return torch.cat([label for label in labels if label is not None])


def real(split: str, num: int) -> torch.Tensor:
    images = np.load(paths.PREPARED / f"{split}_images.npy")
    return torch.from_numpy(images[fixed_order(len(images))[:num]])


def fid(images: torch.Tensor) -> float:
    """Against the first 50 training images."""
    return distance(outputs_of(images).features, outputs_of(real("train", 50)).features)


def distance(one: torch.Tensor, two: torch.Tensor) -> float:
    """FID of (N, d) and (M, d) features."""
    both = []
    for each in (one, two):
        features = each.double().numpy()
        moments = features.mean(axis=0), np.cov(features, rowvar=False)
        both.append(Gaussian(*moments, len(features)))
    return frechet_distance(*both)
