"""Run the stages of one checkout, for `tests/golden.py`, in a process of its own.

Imports nothing beside it: the only code of the project here is that of the checkout.
"""

from __future__ import annotations

import json
import re
import runpy
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

NEEDED = ("dataset", "model", "train.precision")  # without these a run is not what its line says


def work(task: dict[str, Any]) -> None:
    """Run every model with every precision in this process, in a workspace of one checkout.

    Stages listed before `train` do not depend on the model and run once for each precision, except
    `check`, which reads the chosen block.
    """
    import torch

    import ganpipe

    assert Path(str(ganpipe.__file__)).is_relative_to(Path.cwd()), ganpipe.__file__
    torch.set_num_threads(task["threads"])
    with suppress(ImportError):  # not all checkouts have it; one process runs every stage here
        import ganpipe.core.guard

        ganpipe.core.guard.install = lambda stage: None
    shipped = read_yaml(Path("params.yaml"))
    stages = stage_names()
    shared = set(stages[: stages.index("train")]) - {"check"}
    for precision in task["precisions"]:
        for index, model in enumerate(task["models"]):
            changes = task["changes"] | {"model": model, "precision": precision}
            write_params(shipped, changes, task["small"])
            for stage in stages:
                if stage in shared and index:
                    continue
                if stage == "train" and not index:
                    Path("metrics").mkdir(exist_ok=True)
                    shutil.copytree("metrics", "shared_metrics", dirs_exist_ok=True)
                print(f"== {precision}, {model}: {stage}", flush=True)
                run_stage(stage)
            results = Path("../results", precision, model)
            results.mkdir(parents=True)
            for name in ("models", "metrics", "samples"):
                shutil.move(name, results)
            shutil.copytree("shared_metrics", "metrics")


def run_stage(name: str) -> None:
    """Run ``stages.NAME`` as `python -m` does; a stage that exits with an error ends the run."""
    try:
        runpy.run_module(f"stages.{name}", run_name="__main__")
    except SystemExit as end:
        if end.code:
            sys.exit(f"stage {name}: {end.code}")


def stage_names() -> list[str]:
    """The modules of `stages` that dvc.yaml runs, in the order of the file."""
    return re.findall(r"cmd: python -m stages\.(\w+)", Path("dvc.yaml").read_text())


def write_params(shipped: dict[str, Any], changes: dict[str, Any], small: dict[str, Any]) -> None:
    """Write params.yaml with every field replaced whose dotted name ends so in ``changes``, or in
    ``small``, where what is 0 or false, and so not used, stays so; other names are passed over.

    Exits where a field is missing without which the run is not what it is called.
    """
    seen: set[str] = set()

    def edited(content: Any, path: str) -> Any:
        if isinstance(content, dict):
            return {name: edited(value, f"{path}.{name}") for name, value in content.items()}
        seen.add(path)
        used = changes | (small if content else {})
        return next((v for name, v in used.items() if path.endswith(f".{name}")), content)

    content = edited(shipped, "")
    if missing := [name for name in NEEDED if f".{name}" not in seen]:
        sys.exit(f"params.yaml has no {', '.join(missing)}")
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(content, file)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file."""
    return YAML(typ="safe", pure=True).load(path)


if __name__ == "__main__":
    work(json.loads(sys.argv[1]))
