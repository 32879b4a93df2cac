"""Stage `snapshots`: FID and KID over training, and which snapshot is the best."""

from typing import Any

from ganpipe.core import paths
from ganpipe.core.command import run
from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.snapshots import best_and_last
from ganpipe.params import load_params
from ganpipe.storage.csv import write_rows
from ganpipe.storage.files import write_json


def main() -> None:
    """Evaluator every generator that training kept, with one extractor and the same noise."""
    params = load_params()
    name = params.evaluate.snapshot_extractor(params.dataset)
    if name is None:
        write_json(paths.SNAPSHOT_METRICS, {"skipped": "evaluate.snapshots.extractor is none"})
        return _write_curves([])
    from ganpipe.evaluation.checkpoints import drawn_images, open_evaluator
    from ganpipe.evaluation.evaluator import curve_point, warn_if_small
    from ganpipe.evaluation.protocol import protocol
    from ganpipe.features.build import open_extractor
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import share_out
    from ganpipe.sampling.trained import load_trained

    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    config = params.evaluate
    num = config.snapshots.num_generated
    warn_if_small(num, None)
    rows: list[dict[str, Any]] = []
    extractor = open_extractor(
        name, paths.CLASSIFIER, config.inception_weights, device, config.precision
    )
    with open_evaluator(extractor, num, config.batch_size, max_features=num) as evaluator:
        for path in sorted(paths.SNAPSHOTS.glob("*.safetensors")):
            trained = load_trained(path, device)
            figures = curve_point(evaluator, drawn_images(trained, num, "snapshots"))
            rows.append({"images_seen": trained.provenance["images_seen"], **figures})
    if not rows:
        raise GanpipeError(f"{paths.SNAPSHOTS} holds no snapshot; `dvc repro train` makes them")
    _write_curves(rows)
    floor = {} if evaluator.floor is None else {extractor.key("fid_floor"): evaluator.floor}
    generated = {"num_generated": num, "weights": "ema", "device": device.type}
    record = protocol(generated, {name: evaluator.protocol()})
    found = best_and_last(rows, extractor.key("fid"), num)
    write_json(paths.SNAPSHOT_METRICS, {**found, **floor, "protocol": record})


def _write_curves(rows: list[dict[str, Any]]) -> None:
    """One file a plot, which shows the last column; the first holds both figures."""
    x, *figures = rows[0] if rows else ["images_seen", "fid", "kid"]
    fid, kid = figures
    write_rows(paths.SNAPSHOT_CURVE, [x, kid, fid], rows)
    only_kid = [{name: row[name] for name in (x, kid)} for row in rows]
    write_rows(paths.SNAPSHOT_KID, [x, kid], only_kid)


if __name__ == "__main__":
    run(main)
