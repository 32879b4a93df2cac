"""The fingerprint of a run: a hash of everything that determines its result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel

from ganpipe.core.guard import in_force
from ganpipe.core.plugins import SOURCE
from ganpipe.data.loading.arrays import images_path, labels_path, spec_path
from ganpipe.runtime.device import describe
from ganpipe.runtime.environment import differences, here
from ganpipe.storage.files import digest_of, write_json

PARTS = "parts.json"  # beside the checkpoints, for people and for `why_afresh`


def parts_of(
    name: str,
    *,
    model: BaseModel,
    optimizers: Mapping[str, BaseModel],
    config: BaseModel,
    seed: int,
    prepared: Path,
    sources: Sequence[Path] = (),
    device: torch.device,
) -> dict[str, Any]:
    """Everything that the bytes of the result depend on, as plain JSON content.

    ``optimizers`` are by player, ``sources`` the files of images that a model translates. The
    precision and the threads of ``config`` must be resolved; its field ``device`` is left out,
    since ``device`` is the one that is used.
    """
    parts = {
        "name": name,
        "seed": seed,
        "model": model.model_dump(mode="json"),
        "optimizer": {player: each.model_dump(mode="json") for player, each in optimizers.items()},
        "train": config.model_dump(mode="json", exclude={"device"}),
        "data": digest_of(
            [
                spec_path(prepared),
                images_path(prepared, "train"),
                labels_path(prepared, "train"),
                *sources,
            ]
        ),
        "code": _code(),
        **here(describe(device)),
    }
    content: dict[str, Any] = json.loads(json.dumps(parts))  # tuples become lists, as in a file
    return content


def fingerprint(parts: dict[str, Any]) -> str:
    """A hash of ``parts``, 32 hexadecimal digits."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _code() -> str:
    """A hash of the code that the run uses: what `check` listed for the stage, which the process
    is held to, or outside of a stage all there is."""
    listed = in_force()
    if listed is not None:
        return sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()
    return digest_of(sorted((SOURCE / "ganpipe").rglob("*.py")))


def remember(folder: Path, parts: dict[str, Any]) -> None:
    """Store the parts beside the checkpoints that they name."""
    write_json(folder / PARTS, parts)


def why_afresh(folders: Path, parts: dict[str, Any]) -> str:
    """Say why this run cannot use the checkpoints of the same model in ``folders``: the differences
    from the newest of them, or an empty text if there are none."""
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
