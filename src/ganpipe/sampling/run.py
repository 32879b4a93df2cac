"""The stage `sample`: a grid from fixed noise, a grid of real images, and an interpolation.

Those of a conditioned sampler show one class in each row.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images, load_labels
from ganpipe.runtime.device import describe, pick_device, set_deterministic
from ganpipe.runtime.environment import note_drift
from ganpipe.runtime.threads import share_out
from ganpipe.sampling.draw import rows_of
from ganpipe.sampling.fixed import fixed_grid
from ganpipe.sampling.grids import save_grid
from ganpipe.sampling.interpolate import interpolate
from ganpipe.sampling.pictures import as_rgb, way_back
from ganpipe.sampling.sampler import Sampler
from ganpipe.sampling.trained import Trained, load_trained


def sample(*, rows: int, columns: int, interpolation_steps: int) -> None:
    """Write the grids of the stage, with the trained generator."""
    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    note_drift(describe(device))
    trained = load_trained(paths.GENERATOR, device)
    save_grid(paths.FIXED_NOISE_GRID, _fixed(trained, rows, columns), columns)
    save_grid(paths.REAL_GRID, _real(trained.sampler, rows, columns), columns)
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


def _real(sampler: Sampler, rows: int, columns: int) -> Tensor:
    """uint8 (rows * columns, C, h, w): the first training images, or in each row the first of the
    class that the sampler shows there, filled up with white."""
    images, labels = load_images(paths.PREPARED, "train"), load_labels(paths.PREPARED, "train")
    if sampler.label is None or labels is None:
        return torch.from_numpy(images[: rows * columns].copy())
    shape = (rows_of(sampler, rows), columns, *images.shape[1:])
    grid = np.full(shape, 255, dtype=np.uint8)
    for label, row in enumerate(grid):
        shown = images[np.flatnonzero(labels == label)[:columns]]
        row[: len(shown)] = shown
    return torch.from_numpy(grid).flatten(0, 1)
