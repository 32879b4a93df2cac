"""Stage `reference`: what the extractors see in the real images, once per dataset and extractor."""

from ganpipe.core import paths
from ganpipe.core.command import run
from ganpipe.data.loading.arrays import load_images, load_spec
from ganpipe.params import load_params
from ganpipe.storage.files import atomic_folder


def main() -> None:
    """Write data/reference/<extractor>.npz for every extractor that is asked for."""
    params = load_params()
    from ganpipe.evaluation.reference import Sizes, reference_of, save_reference
    from ganpipe.features.build import open_extractor
    from ganpipe.features.memo import memoised
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import share_out

    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    config = params.evaluate
    spec = load_spec(paths.PREPARED)
    images = {
        "train": load_images(paths.PREPARED, "train"),
        "test": load_images(paths.PREPARED, "test"),
    }
    protocol = {
        "dataset": spec.name,
        "image_size": spec.target.native_size,
        "channels": spec.target.channels,
    }
    with atomic_folder(paths.REFERENCE) as folder:
        for name in config.needed_extractors(params.dataset):
            weights, precision = config.inception_weights, config.precision
            extractor = open_extractor(name, paths.CLASSIFIER, weights, device, precision)
            sizes = Sizes(
                config.num_reference,
                config.max_features,
                config.max_searched.of(name),
                config.batch_size,
            )
            with memoised(extractor) as extractor:
                reference = reference_of(extractor, images, config.split, sizes, protocol)
                save_reference(folder / f"{name}.npz", reference)


if __name__ == "__main__":
    run(main)
