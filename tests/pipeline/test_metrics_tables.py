"""Tables of metrics that fit a screen: figures, and the hash of the protocol, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

from helpers.project import Project

MOST_COLUMNS = 40
MOST_CHANGES = 30


def flat(content: Any, prefix: str = "") -> dict[str, Any]:
    """Nested keys joined by dots, as DVC shows them."""
    if not isinstance(content, dict):
        return {prefix: content}
    parts = (flat(value, f"{prefix}.{name}") for name, value in content.items())
    return {name: value for part in parts for name, value in part.items()}


def test_the_metrics_of_a_run_fit_a_screen(base: Project) -> None:
    shown = json.loads(base.dvc("metrics", "show", "--json"))[""]["data"]
    metrics = {file: content["data"] for file, content in shown.items()}
    names = [file + name for file, content in metrics.items() for name in flat(content)]
    assert len(names) <= MOST_COLUMNS, names
    protocols = {file: content.pop("protocol", None) for file, content in metrics.items()}
    for file in ("metrics/evaluate.json", "metrics/snapshots.json"):
        assert re.fullmatch("[0-9a-f]{8}", protocols[file])
    texts = {
        f"{file}{name}": value
        for file, content in metrics.items()
        for name, value in flat(content).items()
        if not isinstance(value, int | float)
    }
    assert texts == {}


def test_the_columns_of_experiments_fit_a_screen(project: Project) -> None:
    table = project.dvc("exp", "show", "--csv")
    (header, *_) = csv.reader(io.StringIO(table[table.index("Experiment") :]))
    files = [json.loads((project.root / name).read_text()) for name in metric_files(project)]
    leaves = {name.removeprefix(".") for content in files for name in flat(content)}
    columns = [name for name in header if name.rpartition(":")[2] in leaves]
    assert "fid_classifier" in columns
    assert len(columns) <= MOST_COLUMNS, columns


def metric_files(project: Project) -> list[str]:
    """The files that dvc.yaml calls metrics."""
    return list(json.loads(project.dvc("metrics", "show", "--json"))[""]["data"])


def test_a_comparison_of_two_models_shows_figures_alone(project: Project) -> None:
    for model in ("dcgan", "mlp"):
        project.dvc("exp", "run", "--name", model, "-S", f"model={model}", "evaluate")
    changes = json.loads(project.dvc("metrics", "diff", "dcgan", "mlp", "--json"))
    rows = {
        f"{file}: {name}": value for file, part in changes.items() for name, value in part.items()
    }
    assert "metrics/evaluate.json: fid_classifier" in rows
    assert len(rows) <= MOST_CHANGES, sorted(rows)
    # Both were measured alike, so not even the hash of the protocol differs.
    assert all("diff" in change for change in rows.values()), rows
