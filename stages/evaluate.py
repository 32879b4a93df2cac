"""Stage `evaluate`: how far generated images are from real ones, and how it was measured."""

from typing import Any

from ganpipe import paths
from ganpipe.errors import run
from ganpipe.files import write_json
from ganpipe.metrics.config import RulerName
from ganpipe.params import load_params


def main() -> None:
    """Judge the generator with every ruler that is asked for."""
    params = load_params()
    from ganpipe.device import pick_device, set_deterministic
    from ganpipe.metrics.measure import measure
    from ganpipe.metrics.protocol import protocol
    from ganpipe.metrics.reference import load_reference
    from ganpipe.metrics.rulers import open_ruler
    from ganpipe.sampling import draw
    from ganpipe.weights import load_trained

    set_deterministic(True)
    device = pick_device("auto")
    config = params.evaluate
    trained = load_trained(
        paths.GENERATOR if config.weights == "ema" else paths.GENERATOR_RAW, device
    )
    figures: dict[str, Any] = {}
    references: dict[RulerName, dict[str, Any]] = {}
    for name in config.rulers_for(params.dataset):
        ruler = open_ruler(name, paths.CLASSIFIER, config.inception_weights, device)
        reference = load_reference(paths.REFERENCE / f"{name}.npz")
        images = draw(trained, config.num_generated, trained.seed, purpose="evaluate")
        figures |= measure(ruler, images, reference, config.batch_size)
        references[name] = reference.protocol
    generated = {
        "num_generated": config.num_generated,
        "quantisation": "uint8, rounded to nearest",
        "weights": config.weights,
        "checkpoint": "last",
        "model": trained.header["model_name"],
        "seed": trained.seed,
        "images_seen": trained.header["images_seen"],
    }
    write_json(paths.EVALUATE_METRICS, {**figures, "protocol": protocol(generated, references)})


if __name__ == "__main__":
    run(main)
