"""Grids that show the same inputs at every time of a run."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganpipe.sampling.draw import fixed_inputs, images_of
from ganpipe.sampling.pictures import as_input, beside_each_other, pictures_for, translates
from ganpipe.sampling.sampler import Sampler


class FixedGrid(NamedTuple):
    """The inputs of a grid, and for a translator what stands over and under each image."""

    inputs: dict[str, Tensor]
    columns: int
    given: Tensor | None = None  # uint8 (N, C, h, w)
    truth: Tensor | None = None  # likewise, where it is known

    def images(self, sampler: Sampler) -> Tensor:
        """The images of the grid, uint8 (N, C, h, w), as ``sampler`` draws them now."""
        drawn = images_of(sampler, self.inputs)
        if self.given is None:
            return drawn
        below = [] if self.truth is None else [self.truth]
        return beside_each_other([self.given, drawn, *below], self.columns)


def fixed_grid(sampler: Sampler, rows: int, columns: int, seed: int) -> FixedGrid:
    """A grid of at most ``rows`` and ``columns``, and for a translator of one row at least of what
    is given, of its translation and, where it is known, of the truth.

    A translator is shown the first test pictures; others draw from noise of ``seed``.

    Raises GanpipeError where the test pictures are missing or damaged.
    """
    if not translates(sampler):
        return FixedGrid(fixed_inputs(sampler, rows, columns, seed), columns)
    given, truth = pictures_for(sampler)
    count = max(1, rows // (2 if truth is None else 3)) * columns
    shown = [
        None if side is None else torch.from_numpy(side[:count].copy()) for side in (given, truth)
    ]
    return FixedGrid(as_input(given[:count], sampler.device), columns, *shown)
