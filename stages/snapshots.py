"""Stage `snapshots`: FID and KID over training, and which snapshot is the best."""

from typing import Any

from ganpipe import paths
from ganpipe.errors import GanpipeError, run
from ganpipe.files import write_json
from ganpipe.metrics.snapshots import best_and_last, write_rows
from ganpipe.params import load_params


def main() -> None:
    """Judge every generator that training kept, with one ruler and the same noise."""
    params = load_params()
    name = params.evaluate.snapshot_ruler(params.dataset)
    if name is None:
        write_json(paths.SNAPSHOT_METRICS, {"skipped": "evaluate.snapshots.ruler is none"})
        return _write_curves([])
    from ganpipe.device import pick_device, set_deterministic
    from ganpipe.judging import open_judge
    from ganpipe.metrics.measure import curve_point, warn_if_small
    from ganpipe.metrics.protocol import protocol
    from ganpipe.metrics.rulers import open_ruler
    from ganpipe.sampling import draw
    from ganpipe.weights import load_trained

    set_deterministic(True)
    device = pick_device("auto")
    config = params.evaluate
    num = config.snapshots.num_generated
    warn_if_small(num, None)
    rows: list[dict[str, Any]] = []
    ruler = open_ruler(name, paths.CLASSIFIER, config.inception_weights, device, config.precision)
    with open_judge(ruler, num, config.batch_size, max_features=num) as judge:
        for path in sorted(paths.SNAPSHOTS.glob("*.safetensors")):
            trained = load_trained(path, device)
            figures = curve_point(judge, draw(trained, num, trained.seed, purpose="snapshots"))
            rows.append({"images_seen": trained.header["images_seen"], **figures})
    if not rows:
        raise GanpipeError(f"{paths.SNAPSHOTS} holds no snapshot; `dvc repro train` makes them")
    _write_curves(rows)
    floor = {} if judge.floor is None else {ruler.key("fid_floor"): judge.floor}
    generated = {"num_generated": num, "weights": "ema", "device": device.type}
    record = protocol(generated, {name: judge.protocol()})
    found = best_and_last(rows, ruler.key("fid"), num)
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
