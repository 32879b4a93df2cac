"""Grids that show the same inputs at every time of a run."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganpipe.sampling.draw import fixed_inputs, images_of
from ganpipe.sampling.pictures import as_input, beside_each_other, pictures_for, translates
from ganpipe.sampling.sampler import Sampler

SHOWN = 3  # rows for each row of translated pictures: given, translation, truth


class FixedGrid(NamedTuple):
    """The inputs of a grid, and for a translator what stands over and under each image."""

    inputs: dict[str, Tensor]
    columns: int
    around: tuple[Tensor, Tensor] | None = None  # uint8 (N, C, h, w): given, truth

    def images(self, sampler: Sampler) -> Tensor:
        """The images of the grid, uint8 (N, C, h, w), as ``sampler`` draws them now."""
        drawn = images_of(sampler, self.inputs)
        if self.around is None:
            return drawn
        given, truth = self.around
        return beside_each_other([given, drawn, truth], self.columns)


def fixed_grid(sampler: Sampler, rows: int, columns: int, seed: int) -> FixedGrid:
    """A grid of at most ``rows`` and ``columns``, and of three rows at least for a translator,
    which is shown the first test pictures; others draw from noise of ``seed``.

    Raises GanpipeError where the test pictures are missing or damaged.
    """
    if not translates(sampler):
        return FixedGrid(fixed_inputs(sampler, rows, columns, seed), columns)
    count = max(1, rows // SHOWN) * columns
    given, truth = (side[:count] for side in pictures_for(sampler))
    around = torch.from_numpy(given.copy()), torch.from_numpy(truth.copy())
    return FixedGrid(as_input(given, sampler.device), columns, around)
