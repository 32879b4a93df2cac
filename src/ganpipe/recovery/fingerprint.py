"""What determines a run's result, and the name that it gives to the run's checkpoints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel

import ganpipe
from ganpipe.data.loading.arrays import images_path, labels_path, spec_path
from ganpipe.runtime.device import describe
from ganpipe.runtime.environment import differences, here
from ganpipe.storage.files import digest_of, write_json

# The code that the stage `train` depends on in dvc.yaml, below src/ganpipe.
CODE = (
    "data/loading",
    "data/sizes.py",
    "data/spec.py",
    "methods",
    "networks",
    "objectives",
    "optim",
    "runtime",
    "sampling",
    "training",
)
PARTS = "parts.json"  # beside the checkpoints, for people and for `why_afresh`


def parts_of(
    name: str,
    *,
    model: BaseModel,
    optimizers: Mapping[str, Any],
    config: BaseModel,
    seed: int,
    prepared: Path,
    device: torch.device,
) -> dict[str, Any]:
    """Everything that the bytes of the result depend on, as plain JSON content.

    ``optimizers`` are dataclasses by player. ``config`` has its precision and threads resolved; of
    its device, only the one that is used counts.
    """
    return {
        "name": name,
        "seed": seed,
        "model": model.model_dump(mode="json"),
        "optimizer": {player: asdict(each) for player, each in optimizers.items()},
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
