"""Stage `evaluate`: how far generated images are from real ones, and how it was measured."""

from contextlib import ExitStack

from ganpipe.core import paths
from ganpipe.core.command import run
from ganpipe.params import load_params
from ganpipe.storage.csv import write_rows
from ganpipe.storage.files import read_json, write_json


def main() -> None:
    """Evaluator the last and the best generator with every extractor that is asked for."""
    params = load_params()
    from ganpipe.evaluation.checkpoints import (
        class_accuracy,
        closest_pairs,
        confusion,
        measure_each,
        merged,
        open_evaluator,
        summary,
    )
    from ganpipe.evaluation.evaluator import warn_if_small
    from ganpipe.evaluation.protocol import about_generated, protocol
    from ganpipe.features.build import open_extractor
    from ganpipe.runtime.device import describe, pick_device, set_deterministic
    from ganpipe.runtime.environment import note_drift
    from ganpipe.runtime.memory import device_errors
    from ganpipe.runtime.threads import share_out
    from ganpipe.sampling.grids import save_grid
    from ganpipe.sampling.trained import load_trained

    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    note_drift(describe(device))
    config = params.evaluate
    num = config.num_generated
    ends = {"last": paths.GENERATOR if config.weights == "ema" else paths.GENERATOR_RAW}
    rules = {"last": "end of training"}
    snapshots = read_json(paths.SNAPSHOT_METRICS, "snapshots")
    if "best" in snapshots and config.weights == "ema":
        ends["best"] = paths.snapshot(snapshots["best"]["images_seen"])
        rules["best"] = snapshots["rule"]
    with ExitStack() as stack, device_errors("evaluate.batch_size", config.batch_size):
        evaluators = []
        for name in config.extractors_for(params.dataset):
            weights, precision = config.inception_weights, config.precision
            extractor = open_extractor(name, paths.CLASSIFIER, weights, device, precision)
            sizes = config.batch_size, config.max_features, config.fid_infinity
            evaluators.append(stack.enter_context(open_evaluator(extractor, num, *sizes)))
            warn_if_small(num, evaluators[-1].reference.gaussian.num)
        trained = {end: load_trained(path, device) for end, path in ends.items()}
        measured = measure_each(evaluators, trained)
    chosen, found = trained[config.checkpoint], measured[config.checkpoint]
    asked_and_seen = confusion(chosen, num, found)
    figures = merged(found) | class_accuracy(asked_and_seen, config.precision)
    both = {
        end: {"rule": rules[end], **summary(trained[end], evaluators, measured[end])}
        for end in ends
    }
    rule = rules[config.checkpoint]
    generated = about_generated(config, chosen.provenance, rule, device.type)
    record = protocol(
        generated, {evaluator.extractor.name: evaluator.protocol() for evaluator in evaluators}
    )
    write_json(paths.EVALUATE_METRICS, {**figures, "checkpoints": both, "protocol": record})
    shares: dict[str, float] = next(
        (value for name, value in figures.items() if name.startswith("class_share")), {}
    )
    rows = [{"class": name, "share": share} for name, share in shares.items()]
    write_rows(paths.CLASS_SHARES, ["class", "share"], rows)
    write_rows(paths.CONFUSION, ["asked", "seen"], asked_and_seen)
    save_grid(paths.CLOSEST, closest_pairs(chosen, num, found[0]), 8)


if __name__ == "__main__":
    run(main)
