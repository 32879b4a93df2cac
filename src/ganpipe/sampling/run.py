"""The stage `sample`: a grid from fixed noise, a grid of real images, and an interpolation."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images
from ganpipe.runtime.device import describe, pick_device, set_deterministic
from ganpipe.runtime.environment import note_drift
from ganpipe.runtime.threads import share_out
from ganpipe.sampling.fixed import fixed_grid
from ganpipe.sampling.grids import save_grid
from ganpipe.sampling.interpolate import interpolate
from ganpipe.sampling.pictures import as_rgb, way_back
from ganpipe.sampling.trained import Trained, load_trained


def sample(*, rows: int, columns: int, interpolation_steps: int) -> None:
    """Write the grids of the stage, with the trained generator."""
    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    note_drift(describe(device))
    trained = load_trained(paths.GENERATOR, device)
    save_grid(paths.FIXED_NOISE_GRID, _fixed(trained, rows, columns), columns)
    real = load_images(paths.PREPARED, "train")[: rows * columns]
    save_grid(paths.REAL_GRID, torch.from_numpy(real.copy()), columns)
    path = interpolate(trained, rows=rows, steps=interpolation_steps, seed=trained.seed)
    save_grid(paths.INTERPOLATION, path, interpolation_steps)


def _fixed(trained: Trained, rows: int, columns: int) -> Tensor:
    """The images of the grid of fixed inputs; those of a way back stand below."""
    ways = [trained]
    if (beside := way_back(paths.GENERATOR)).exists():
        ways.append(load_trained(beside, trained.device))
    grids = [
        fixed_grid(each.sampler, rows, columns, each.seed).images(each.sampler) for each in ways
    ]
    if len({grid.shape[1] for grid in grids}) > 1:
        grids = [as_rgb(grid) for grid in grids]
    return torch.cat(grids)
