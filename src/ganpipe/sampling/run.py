"""The stage `sample`: a grid from fixed noise, a grid of real images, an interpolation, and films.

The grids of a conditioned sampler show one class in each row.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images, load_labels
from ganpipe.runtime.device import describe, pick_device, set_deterministic
from ganpipe.runtime.environment import note_drift
from ganpipe.runtime.threads import share_out
from ganpipe.sampling.draw import rows_of
from ganpipe.sampling.film import progress_frames, save_film, there_and_back
from ganpipe.sampling.fixed import fixed_grid
from ganpipe.sampling.grids import save_grid, tile
from ganpipe.sampling.interpolate import interpolate
from ganpipe.sampling.pictures import as_rgb, way_back
from ganpipe.sampling.sampler import Sampler
from ganpipe.sampling.trained import Trained, load_trained

PROGRESS_MS = 400  # a picture of the training stands so long
FILM_STEPS = 16  # pictures from one end of an interpolation to the other
FILM_MS = 80


def sample(*, rows: int, columns: int, interpolation_steps: int) -> None:
    """Write the pictures of the stage, with the trained generator.

    Raises GanpipeError where the pictures of the training or the weights are missing.
    """
    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    note_drift(describe(device))
    trained = load_trained(paths.GENERATOR, device)
    save_grid(paths.FIXED_NOISE_GRID, _fixed(trained, rows, columns), columns)
    save_grid(paths.REAL_GRID, _real(trained.sampler, rows, columns), columns)
    path = interpolate(trained, rows=rows, steps=interpolation_steps, seed=trained.seed)
    save_grid(paths.INTERPOLATION, path, interpolation_steps)
    frames, moving = list(progress_frames().values()), _moving(trained, rows)
    for film in (paths.PROGRESS_GIF, paths.PROGRESS_WEBP):
        save_film(film, frames, PROGRESS_MS)
    for film in (paths.INTERPOLATION_GIF, paths.INTERPOLATION_WEBP):
        save_film(film, moving, FILM_MS)


def _moving(trained: Trained, rows: int) -> list[np.ndarray]:
    """The rows of the interpolation, each as one moving image of a grid that is about square."""
    path = interpolate(trained, rows=rows, steps=FILM_STEPS, seed=trained.seed)
    moments = path.unflatten(0, (-1, FILM_STEPS)).unbind(1)
    count = len(moments[0])
    columns = next(n for n in range(isqrt(count - 1) + 1, count + 1) if count % n == 0)
    return there_and_back([tile(images, columns) for images in moments])


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
