"""Whether the figures in this folder are of the weights that a page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ganpipe.core import paths
from ganpipe.evaluation.protocol import DIGEST
from ganpipe.sampling.trained import Trained
from ganpipe.storage.files import read_json
from ganpipe.storage.tensor_file import recorded_digest


class Belonging(NamedTuple):
    """Relation of figures to the network of a page."""

    shown: bool  # false: of weights that are not in this folder, or not known
    note: str = ""  # a sentence; empty where they are those of the network


def of_evaluation() -> Belonging:
    """Relation of the figures of the stage `evaluate`."""
    if not paths.EVALUATE_METRICS.exists():
        return Belonging(False)
    known = paths.EVALUATE_PROTOCOL.exists()
    record: dict[str, Any] = read_json(paths.EVALUATE_PROTOCOL, "evaluate") if known else {}
    about = record.get("generated", {})
    digest, seen = about.get(DIGEST), about.get("images_seen")
    files = {
        paths.GENERATOR: "",
        paths.GENERATOR_RAW: "They are of the weights of the last update; the network of this page "
        "is the moving average.",
    }
    if isinstance(seen, int):
        words = f"They are of the snapshot after {seen:,} images, not of the network of this page."
        files[paths.snapshot(seen)] = words
    for file, note in files.items():
        if digest is not None and recorded_digest(file) == digest:
            return Belonging(True, note)
    return Belonging(
        False,
        f"{paths.EVALUATE_METRICS} is of other weights than {paths.GENERATOR}, or does not say of "
        "which; `dvc repro evaluate` measures these, and `ganpipe page` then shows the figures.",
    )


def of_parameters(trained: Trained, params: Mapping[str, Any]) -> str:
    """A sentence where ``params`` are not those that the weights say they were trained with; empty
    where they are, or where the weights do not say."""
    said = {name: trained.provenance.get(name) for name in ("dataset", "seed")}
    said |= {"model": trained.provenance.get("model_name")}
    said |= {f"models.{params['model']}": trained.provenance.get("model")}
    changed = [name for name, value in said.items() if value not in (None, params.get(name))]
    if not changed:
        return ""
    return (
        f"{paths.PARAMS} has changed since this network was trained ({', '.join(changed)}), so "
        "that what follows makes another one."
    )


def of_snapshots() -> Belonging:
    """Relation of the figures of the stage `snapshots` to the snapshots in this folder."""
    if not paths.SNAPSHOT_PROTOCOL.exists():
        return Belonging(False)
    record = read_json(paths.SNAPSHOT_PROTOCOL, "snapshots")
    if "skipped" in record:
        return Belonging(False)
    digests = record.get("generated", {}).get(DIGEST, {})
    files = {int(seen): digest for seen, digest in digests.items()}
    if files and all(recorded_digest(paths.snapshot(seen)) == files[seen] for seen in files):
        return Belonging(True)
    return Belonging(
        False,
        f"{paths.SNAPSHOT_CURVE} is of other snapshots than those in {paths.SNAPSHOTS}, or does "
        "not say of which; `dvc repro snapshots` measures these, and `ganpipe page` then shows "
        "their FID.",
    )
