"""A good and a collapsed run side by side: every figure moves the way its paper says."""

from __future__ import annotations

import json

from project import Project

CHANGES = {  # room to learn two classes of tiny pictures, and a ruler that knows them
    "model": "mlp",
    "models__mlp__latent_dim": 8,
    "models__mlp__generator__hidden": [64, 64],
    "models__mlp__discriminator__hidden": [64],
    "optimizer__lr": 0.002,
    "train__epochs": 100,
    "train__ema_decay": 0.9,
    "train__precision": "fp32",
    "train__snapshot_every": 50,
    "evaluate__extractor__epochs": 12,
    "evaluate__extractor__batch_size": 16,
}
LOWER_IS_BETTER = ("fid_classifier", "kid_classifier", "class_kl")
HIGHER_IS_BETTER = (
    "precision_classifier",
    "recall_classifier",
    "density_classifier",
    "coverage_classifier",
    "score_classifier",
)


def test_a_collapsed_run_is_worse_in_every_figure(project: Project) -> None:
    project.set(**CHANGES)
    project.commit("room to learn")
    project.dvc("exp", "run", "--name", "good")
    project.dvc("exp", "run", "--name", "collapsed", "-S", "optimizer.lr=0.05")
    printed = project.dvc("metrics", "diff", "good", "collapsed", "--json")
    changed = json.loads(printed[printed.index("{") :])["metrics/evaluate.json"]
    for name in LOWER_IS_BETTER:
        assert changed[name]["old"] < changed[name]["new"], name
    for name in HIGHER_IS_BETTER:
        assert changed[name]["old"] > changed[name]["new"], name
    assert changed["fid_classifier"]["diff"] > 5 * changed["fid_classifier_std"]["old"]
    curve = (project.root / "metrics" / "snapshots.csv").read_text().splitlines()
    assert len(curve) == 1 + 2
