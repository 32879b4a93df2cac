"""The stage `sample`: a grid from fixed noise, a grid of real images, and an interpolation."""

from __future__ import annotations

import torch

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images
from ganpipe.runtime.device import describe, pick_device, set_deterministic
from ganpipe.runtime.environment import note_drift
from ganpipe.runtime.threads import share_out
from ganpipe.sampling.draw import fixed_inputs, images_of
from ganpipe.sampling.grids import save_grid
from ganpipe.sampling.interpolate import interpolate
from ganpipe.sampling.trained import load_trained


def sample(*, rows: int, columns: int, interpolation_steps: int) -> None:
    """Write the grids of the stage, with the trained generator."""
    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    note_drift(describe(device))
    trained = load_trained(paths.GENERATOR, device)
    count = rows * columns
    inputs = fixed_inputs(trained.sampler, count, trained.seed)
    save_grid(paths.FIXED_NOISE_GRID, images_of(trained.sampler, inputs), columns)
    real = load_images(paths.PREPARED, "train")[:count]
    save_grid(paths.REAL_GRID, torch.from_numpy(real.copy()), columns)
    path = interpolate(trained, rows=rows, steps=interpolation_steps, seed=trained.seed)
    save_grid(paths.INTERPOLATION, path, interpolation_steps)
