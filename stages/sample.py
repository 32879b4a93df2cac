"""Draw the fixed-noise grid, real images beside it, and an interpolation."""

from ganpipe.core import paths
from ganpipe.core.command import run
from ganpipe.params import load_params


def main() -> None:
    sample = load_params().sample
    import torch

    from ganpipe.data.loading.arrays import load_images, load_spec
    from ganpipe.runtime.device import describe, pick_device, set_deterministic
    from ganpipe.runtime.environment import note_drift
    from ganpipe.sampling.draw import fixed_inputs, fixed_noise_images
    from ganpipe.sampling.grids import save_grid
    from ganpipe.sampling.interpolate import interpolate
    from ganpipe.sampling.trained import load_trained

    set_deterministic(True)
    device = pick_device("auto")
    note_drift(describe(device))
    trained = load_trained(paths.GENERATOR, device)
    count = sample.rows * sample.columns
    inputs = fixed_inputs(trained.method, count, trained.seed, device)
    images = fixed_noise_images(trained.method.generator(), inputs, trained.spec)
    save_grid(paths.FIXED_NOISE_GRID, images, sample.columns)

    real = load_spec(paths.PREPARED).crop(load_images(paths.PREPARED, "train")[:count])
    save_grid(paths.REAL_GRID, torch.from_numpy(real.copy()), sample.columns)

    path = interpolate(trained, sample.rows, sample.interpolation_steps, trained.seed)
    save_grid(paths.INTERPOLATION, path, sample.interpolation_steps)


if __name__ == "__main__":
    run(main)
