"""Stage `reference`: what the rulers see in the real images, once per dataset and ruler."""

from ganpipe import paths
from ganpipe.data.dataset import load_images, load_spec
from ganpipe.errors import run
from ganpipe.files import atomic_folder
from ganpipe.params import load_params


def main() -> None:
    """Write data/reference/<ruler>.npz for every ruler that is asked for."""
    params = load_params()
    from ganpipe.device import pick_device, set_deterministic
    from ganpipe.metrics.kept import kept_outputs
    from ganpipe.metrics.reference import Sizes, reference_of, save_reference
    from ganpipe.metrics.rulers import open_ruler

    set_deterministic(True)
    device = pick_device("auto")
    config = params.evaluate
    spec = load_spec(paths.PREPARED)
    images = {
        "train": spec.crop(load_images(paths.PREPARED, "train")),
        "test": spec.crop(load_images(paths.PREPARED, "test")),
    }
    protocol = {"dataset": spec.name, "image_size": spec.native_size, "channels": spec.channels}
    with atomic_folder(paths.REFERENCE) as folder:
        for name in config.needed_rulers(params.dataset):
            weights, precision = config.inception_weights, config.precision
            ruler = open_ruler(name, paths.CLASSIFIER, weights, device, precision)
            sizes = Sizes(
                config.num_reference,
                config.max_features,
                config.max_searched.of(name),
                config.batch_size,
            )
            with kept_outputs(ruler) as ruler:
                reference = reference_of(ruler, images, config.split, sizes, protocol)
                save_reference(folder / f"{name}.npz", reference)


if __name__ == "__main__":
    run(main)
