"""Stage `reference`: what the rulers see in the real images, once per dataset and ruler."""

from ganpipe import paths
from ganpipe.data.dataset import crop_padding, load_images, load_spec
from ganpipe.errors import run
from ganpipe.files import atomic_folder
from ganpipe.params import load_params


def main() -> None:
    """Write data/reference/<ruler>.npz for every ruler that is asked for."""
    params = load_params()
    from ganpipe.device import pick_device, set_deterministic
    from ganpipe.metrics.reference import choose, measure_reference, pieces, save_reference
    from ganpipe.metrics.rulers import open_ruler

    set_deterministic(True)
    device = pick_device("auto")
    config = params.evaluate
    spec = load_spec(paths.PREPARED)
    images = crop_padding(load_images(paths.PREPARED, config.split), spec)
    chosen = choose(len(images), config.num_reference)
    protocol = {"dataset": spec.name, "split": config.split, "image_size": spec.native_size}
    with atomic_folder(paths.REFERENCE) as folder:
        for name in config.rulers_for(params.dataset):
            ruler = open_ruler(name, paths.CLASSIFIER, config.inception_weights, device)
            real = pieces(images, chosen)
            reference = measure_reference(ruler, real, config.batch_size, protocol)
            save_reference(folder / f"{name}.npz", reference)


if __name__ == "__main__":
    run(main)
