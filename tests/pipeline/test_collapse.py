"""A good and a collapsed run side by side: every figure moves the way its paper says."""

from __future__ import annotations

import json

import numpy as np
from helpers.project import Project
from PIL import Image

CHANGES = {  # room to learn two classes of tiny pictures, and an extractor that knows them
    "model": "mlp",
    "models__mlp__latent_dim": 8,
    "models__mlp__generator__hidden": [64, 64],
    "models__mlp__discriminator__hidden": [64],
    "optimizer__lr": 0.002,
    "train__epochs": 100,
    "train__ema_decay": 0.9,
    "train__precision": "fp32",
    "train__snapshot_every": 50,
    "evaluate__classifier__epochs": 12,
    "evaluate__classifier__batch_size": 16,
}
COLLAPSE = [  # Adam with its usual momentum and high steps: G runs after D's every whim
    "optimizer.betas=[0.9,0.999]",
    "optimizer.lr=0.005",
]
TARGETS = ("sample", "evaluate")
LOWER_IS_BETTER = ("fid_classifier", "kid_classifier", "class_kl")
HIGHER_IS_BETTER = (
    "precision_classifier",
    "recall_classifier",
    "density_classifier",
    "coverage_classifier",
    "score_classifier",
)


def variety(project: Project) -> float:
    """Mean standard deviation of a pixel over the six images of the fixed-noise grid."""
    grid = np.asarray(Image.open(project.root / "samples/fixed_noise.png"), dtype=float)
    starts = [(2 + 30 * row, 2 + 30 * column) for row in range(2) for column in range(3)]
    images = np.stack([grid[y : y + 28, x : x + 28] for y, x in starts])
    return float(images.std(axis=0).mean())


def test_a_collapsed_run_is_worse_in_every_figure(project: Project) -> None:
    """It draws one and the same image, and no good one: precision falls, too."""
    project.set(**CHANGES)
    project.commit("room to learn")
    project.dvc("exp", "run", "--name", "good", *TARGETS)
    varied = variety(project)
    changes = [word for change in COLLAPSE for word in ("-S", change)]
    project.dvc("exp", "run", "--name", "collapsed", *changes, *TARGETS)
    assert variety(project) < varied / 3
    printed = project.dvc("metrics", "diff", "good", "collapsed", "--json")
    changed = json.loads(printed[printed.index("{") :])["metrics/evaluate.json"]
    for name in LOWER_IS_BETTER:
        assert changed[name]["old"] < changed[name]["new"], name
    for name in HIGHER_IS_BETTER:
        assert changed[name]["old"] > changed[name]["new"], name
    # As the generated images are alike, so is every draw of them.
    assert changed["kid_classifier_std"]["new"] < changed["kid_classifier_std"]["old"]
    assert changed["fid_classifier"]["diff"] > 5 * changed["fid_classifier_std"]["old"]
    curve = (project.root / "metrics" / "snapshots.csv").read_text().splitlines()
    assert len(curve) == 1 + 2
