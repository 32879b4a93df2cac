"""What determines a run's result, and the name that it gives to the run's checkpoints."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

import ganpipe
from ganpipe.data.loading.arrays import images_path, labels_path, spec_path
from ganpipe.methods.config import ModelConfig
from ganpipe.optim.config import OptimizerConfig, Side
from ganpipe.runtime.device import describe
from ganpipe.runtime.environment import differences, here
from ganpipe.storage.files import digest_of, write_json
from ganpipe.training.config import TrainConfig

# The code that the stage `train` depends on in dvc.yaml, below src/ganpipe.
CODE = (
    "data/batches.py",
    "data/dataset.py",
    "device.py",
    "methods",
    "networks",
    "objectives",
    "sampling.py",
    "seeding.py",
    "training",
    "types.py",
    "weights.py",
)
PARTS = "parts.json"  # beside the checkpoints, for people and for `why_afresh`


def parts_of(
    name: str,
    model: ModelConfig,
    optimizers: dict[Side, OptimizerConfig],
    config: TrainConfig,
    seed: int,
    prepared: Path,
    device: torch.device,
) -> dict[str, Any]:
    """Everything that the bytes of the result depend on, as plain JSON content.

    ``config`` has its precision resolved; of its device, only the one that is used counts.
    """
    return {
        "name": name,
        "seed": seed,
        "model": model.model_dump(mode="json"),
        "optimizer": {side: fields.model_dump(mode="json") for side, fields in optimizers.items()},
        "train": config.model_dump(mode="json", exclude={"device"}),
        "data": digest_of(
            [spec_path(prepared), images_path(prepared, "train"), labels_path(prepared, "train")]
        ),
        "code": code_digest(Path(ganpipe.__file__).parent),
        **here(describe(device)),
    }


def fingerprint(parts: dict[str, Any]) -> str:
    """32 hexadecimal digits; other parts give others."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def code_digest(source: Path) -> str:
    """A hash of the files of CODE below ``source``."""
    return digest_of(
        file
        for entry in CODE
        for path in [source / entry]
        for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
    )


def remember(folder: Path, parts: dict[str, Any]) -> None:
    """Store the parts beside the checkpoints that they name."""
    write_json(folder / PARTS, parts)


def why_afresh(folders: Path, parts: dict[str, Any]) -> str:
    """Why the checkpoints of the same model that lie in ``folders`` do not serve this run, by the
    newest of them; empty where there are none."""
    found: list[tuple[float, Path, dict[str, Any]]] = []
    for path in folders.glob("*/step_*.pt"):
        try:
            then = json.loads((path.parent / PARTS).read_text(encoding="utf-8"))
            found.append((path.stat().st_mtime, path, then))
        except (OSError, ValueError):
            continue  # being deleted, or damaged
    same_model = [entry for entry in found if entry[2].get("name") == parts["name"]]
    if not same_model:
        return ""
    _, path, then = max(same_model, key=lambda entry: entry[0])
    return f"the checkpoints in {path.parent} are of another {_and(differences(then, parts))}"


def _and(names: list[str]) -> str:
    shown = names[:4] + ([f"{len(names) - 4} more"] if len(names) > 4 else [])
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
