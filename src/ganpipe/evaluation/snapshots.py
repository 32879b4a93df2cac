"""The stage `snapshots`: FID and KID over training, and which snapshot is the best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.evaluation.evaluator import Evaluator, curve_point, warn_if_small
from ganpipe.evaluation.generated import about_batch_norm, load_generators
from ganpipe.evaluation.open import project_evaluator
from ganpipe.evaluation.protocol import DIGEST, protocol, protocol_hash
from ganpipe.evaluation.selection import snapshot_extractor
from ganpipe.runtime.device import pick_device, set_deterministic
from ganpipe.runtime.threads import share_out
from ganpipe.sampling.draw import draw
from ganpipe.sampling.pictures import given_to, most_images
from ganpipe.sampling.trained import Trained, load_trained
from ganpipe.storage.csv import write_rows
from ganpipe.storage.files import read_json, write_json
from ganpipe.storage.tensor_file import recorded_digest

PURPOSE = "snapshots"  # of the noise, which the final figures never use


def score_snapshots(config: EvaluateConfig, dataset: str) -> None:
    """Evaluate every snapshot with one extractor and the same noise, and write curves and choice.

    Raises GanpipeError where there is no snapshot.
    """
    name = snapshot_extractor(config, dataset)
    if name is None:
        skipped = {"skipped": "evaluate.snapshots.extractor is none"}
        return _write([], metrics={}, record=skipped)
    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    files = sorted(paths.SNAPSHOTS.glob("images_*[0-9].safetensors"))  # not of the way back
    num = config.snapshots.num_generated
    if files:
        num = most_images(load_trained(files[0], device).sampler, num)
    warn_if_small(num, None)
    with project_evaluator(config, name, device, num=num, max_features=num) as evaluator:
        generators = load_generators(files, config.batch_norm, device)
        rows = [_row(evaluator, *each) for each in zip(files, generators, strict=True)]
    if not rows:
        raise GanpipeError(f"{paths.SNAPSHOTS} holds no snapshot; `dvc repro train` makes them")
    about: dict[str, Any] = {
        "num_generated": num,
        "weights": "ema",
        "noise": PURPOSE,
        "device": device.type,
    }
    about |= about_batch_norm(config.batch_norm)
    digests = map(recorded_digest, files)
    about[DIGEST] = {str(row["images_seen"]): each for row, each in zip(rows, digests, strict=True)}
    record = protocol(about, {name: evaluator.protocol()})
    key = evaluator.extractor.key
    floor = {} if evaluator.floor is None else {key("fid_floor"): evaluator.floor}
    metrics = {**best_and_last(rows, key("fid")), **floor, "protocol": protocol_hash(record)}
    _write(rows, metrics=metrics, record=record)


def _row(evaluator: Evaluator, path: Path, trained: Trained) -> dict[str, Any]:
    """One point of the curve, of the generator whose weights are at ``path``."""

    given = given_to(trained.sampler, evaluator.num)

    def images() -> Iterator[Tensor]:
        for drawn in draw(
            trained.sampler, evaluator.num, trained.seed, purpose=PURPOSE, given=given
        ):
            yield drawn.images

    images_seen = trained.provenance.get("images_seen")
    if not isinstance(images_seen, int):
        raise GanpipeError(
            f"{path} does not hold the number of images that its run had seen; delete it, or train "
            "again with `dvc repro train`"
        )
    return {"images_seen": images_seen, **curve_point(evaluator, images())}


def best_and_last(rows: Sequence[dict[str, Any]], metric: str) -> dict[str, Any]:
    """The row with the lowest ``metric``, the earliest where two are equal, and the last row; of
    each the images seen and the metric."""
    ends = {"best": min(rows, key=lambda row: row[metric]), "last": rows[-1]}
    return {end: {name: row[name] for name in ("images_seen", metric)} for end, row in ends.items()}


def best_snapshot() -> tuple[Path, str]:
    """The weights of the snapshot that the stage `snapshots` called the best, and its rule.

    Raises GanpipeError where that stage has chosen none.
    """
    content = read_json(paths.SNAPSHOT_METRICS, "snapshots")
    try:
        images_seen, (metric,) = content["best"].pop("images_seen"), content["best"]
        rule = f"lowest {metric} of the snapshots, by the protocol {content['protocol']}"
        return paths.snapshot(int(images_seen)), rule
    except (AttributeError, KeyError, TypeError, ValueError):
        raise GanpipeError(
            f"{paths.SNAPSHOT_METRICS} names no best snapshot; run `dvc repro -f snapshots`"
        ) from None


def _write(rows: list[dict[str, Any]], *, metrics: dict[str, Any], record: dict[str, Any]) -> None:
    """Two curves, a file each since a plot shows the last column; the first holds both metrics."""
    x, fid, kid = rows[0] if rows else ["images_seen", "fid", "kid"]
    write_rows(paths.SNAPSHOT_CURVE, [x, kid, fid], rows)
    only_kid = [{name: row[name] for name in (x, kid)} for row in rows]
    write_rows(paths.SNAPSHOT_KID, [x, kid], only_kid)
    write_json(paths.SNAPSHOT_PROTOCOL, record)
    write_json(paths.SNAPSHOT_METRICS, metrics)
