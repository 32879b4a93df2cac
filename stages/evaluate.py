"""Stage `evaluate`: how far generated images are from real ones, and how it was measured."""

from typing import Any

from ganpipe import paths
from ganpipe.errors import run
from ganpipe.files import write_json
from ganpipe.params import load_params


def main() -> None:
    """Judge the generator with every ruler that is asked for."""
    params = load_params()
    from ganpipe.device import pick_device, set_deterministic
    from ganpipe.metrics.measure import measure, warn_if_small
    from ganpipe.metrics.protocol import protocol
    from ganpipe.metrics.reference import load_reference
    from ganpipe.metrics.rulers import open_ruler
    from ganpipe.sampling import draw
    from ganpipe.weights import load_trained

    set_deterministic(True)
    device = pick_device("auto")
    config = params.evaluate
    weights = paths.GENERATOR if config.weights == "ema" else paths.GENERATOR_RAW
    trained = load_trained(weights, device)
    figures: dict[str, Any] = {}
    compared_with: dict[str, dict[str, Any]] = {}
    for name in config.rulers_for(params.dataset):
        ruler = open_ruler(
            name, paths.CLASSIFIER, config.inception_weights, device, config.precision
        )
        reference = load_reference(paths.REFERENCE / f"{name}.npz")
        warn_if_small(config.num_generated, reference.gaussian.num)
        measured = measure(
            ruler,
            draw(trained, config.num_generated, trained.seed, purpose="evaluate"),
            config.num_generated,
            reference,
            config.batch_size,
            config.max_features,
            config.fid_infinity,
        )
        figures |= measured.figures
        compared_with[name] = reference.protocol
    generated = {
        "num_generated": config.num_generated,
        "quantisation": "uint8, rounded to nearest",
        "weights": config.weights,
        "checkpoint": "last",
        "model": trained.header["model_name"],
        "seed": trained.seed,
        "images_seen": trained.header["images_seen"],
    }
    write_json(paths.EVALUATE_METRICS, {**figures, "protocol": protocol(generated, compared_with)})


if __name__ == "__main__":
    run(main)
