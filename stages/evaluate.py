"""Stage `evaluate`: how far generated images are from real ones, and how it was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ganpipe import paths
from ganpipe.data.dataset import crop_padding, load_images, load_spec
from ganpipe.errors import run
from ganpipe.files import read_json, write_json
from ganpipe.metrics.snapshots import write_rows
from ganpipe.params import load_params

if TYPE_CHECKING:
    from ganpipe.metrics.measure import Judge, Measured
    from ganpipe.weights import Trained


def main() -> None:
    """Judge the last and the best generator with every ruler that is asked for."""
    params = load_params()
    from ganpipe.device import describe, pick_device, set_deterministic
    from ganpipe.environment import note_drift
    from ganpipe.errors import device_errors
    from ganpipe.metrics.measure import Judge, warn_if_small
    from ganpipe.metrics.protocol import about_generated, protocol
    from ganpipe.metrics.reference import load_reference
    from ganpipe.metrics.rulers import open_ruler
    from ganpipe.weights import load_trained

    set_deterministic(True)
    device = pick_device("auto")
    note_drift(describe(device))
    config = params.evaluate
    num, weights, precision = config.num_generated, config.inception_weights, config.precision
    judges = []
    for name in config.rulers_for(params.dataset):
        ruler = open_ruler(name, paths.CLASSIFIER, weights, device, precision)
        reference = load_reference(paths.REFERENCE / f"{name}.npz")
        warn_if_small(num, reference.gaussian.num)
        judges.append(
            Judge(
                ruler, reference, num, config.batch_size, config.max_features, config.fid_infinity
            )
        )
    ends = {"last": paths.GENERATOR if config.weights == "ema" else paths.GENERATOR_RAW}
    snapshots = read_json(paths.SNAPSHOT_METRICS, "snapshots")
    if "best" in snapshots and config.weights == "ema":
        ends["best"] = paths.snapshot(snapshots["best"]["images_seen"])
    trained = {rule: load_trained(path, device) for rule, path in ends.items()}
    with device_errors("evaluate.batch_size", config.batch_size):
        measured = _measure_each(judges, trained)
    chosen = trained[config.checkpoint]
    figures = _merged(measured[config.checkpoint])
    generated = about_generated(config, chosen.header, snapshots)
    compared_with = {judge.ruler.name: judge.reference.protocol for judge in judges}
    both = {rule: _summary(trained[rule], judges, measured[rule]) for rule in ends}
    record = protocol(generated, compared_with)
    write_json(paths.EVALUATE_METRICS, {**figures, "checkpoints": both, "protocol": record})
    shares: dict[str, float] = next(
        (figures[name] for name in figures if name.startswith("class_share")), {}
    )
    rows = [{"class": name, "share": share} for name, share in shares.items()]
    write_rows(paths.CLASS_SHARES, ["class", "share"], rows)
    _picture_of_closest(chosen, num, measured[config.checkpoint][0])


def _measure_each(judges: list[Judge], trained: dict[str, Trained]) -> dict[str, list[Measured]]:
    """What every judge finds at every checkpoint; nothing twice where the best is the last."""
    from ganpipe.metrics.measure import measure
    from ganpipe.sampling import draw

    found: dict[int, list[Measured]] = {}
    for generator in trained.values():
        if generator.header["images_seen"] not in found:
            found[generator.header["images_seen"]] = [
                measure(judge, draw(generator, judge.num, generator.seed, purpose="evaluate"))
                for judge in judges
            ]
    return {rule: found[generator.header["images_seen"]] for rule, generator in trained.items()}


def _merged(measured: list[Measured]) -> dict[str, Any]:
    return {name: value for each in measured for name, value in each.figures.items()}


def _summary(trained: Trained, judges: list[Judge], measured: list[Measured]) -> dict[str, Any]:
    """FID and KID of one checkpoint."""
    figures = _merged(measured)
    names = [judge.ruler.key(metric) for judge in judges for metric in ("fid", "kid")]
    return {
        "images_seen": trained.header["images_seen"],
        **{name: figures[name] for name in names if name in figures},
    }


def _picture_of_closest(trained: Trained, num: int, measured: Measured) -> None:
    """Rows of generated images, each over the training images that are nearest to them."""
    import torch

    from ganpipe.metrics.measure import pick
    from ganpipe.metrics.reference import fixed_order
    from ganpipe.sampling import draw, save_grid

    if measured.closest is None:  # too few real images to compare with: an empty picture
        return save_grid(paths.CLOSEST, torch.full((1, 1, 8, 8), 255, dtype=torch.uint8), 1)
    drawn = draw(trained, num, trained.seed, purpose="evaluate")
    generated = pick(drawn, measured.closest.generated)
    train = crop_padding(load_images(paths.PREPARED, "train"), load_spec(paths.PREPARED))
    training = torch.from_numpy(train[fixed_order(len(train))[measured.closest.training]])
    pairs = zip(generated.split(8), training.split(8), strict=True)
    save_grid(paths.CLOSEST, torch.cat([part for pair in pairs for part in pair]), 8)


if __name__ == "__main__":
    run(main)
