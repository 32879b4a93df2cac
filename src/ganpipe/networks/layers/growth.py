"""Growing of networks from small images to large ones: Karras et al. 2018 (arXiv:1710.10196),
section 2."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Moment(NamedTuple):
    """The levels of a network that are used at one time."""

    level: int  # the newest, counted from 0 at the base
    share: float  # of the newest in what is made or seen, in (0, 1]; the rest is the level below's


class Growth(nn.Module):
    """How far a network has grown, kept in a buffer so that weights files and averages have it.

    ``levels`` is the number of image sizes. The share ``until`` of the run is divided into equal
    phases: the base is trained, then each new level is faded in and, but for the last, trained. The
    rest of the run trains the whole network. In the authors' program, too, all phases are equal.
    """

    position: Tensor  # (), float32: the newest whole level, and how far the next one is faded in

    def __init__(self, levels: int, until: float) -> None:
        super().__init__()
        self.top, self.until = levels - 1, until
        self.settled: Moment | None = None
        self.register_buffer("position", torch.tensor(self.position_at(0.0)))

    def position_at(self, progress: float) -> float:
        """The position in [0, levels - 1] after a share ``progress``, in [0, 1), of the run."""
        if progress >= self.until:
            return float(self.top)
        phase = 2 * self.top * progress / self.until
        return phase // 2 + max(0.0, phase % 2 - 1)

    def advance(self, progress: float) -> bool:
        """Set the position after a share ``progress`` of the run; say whether a level begins to be
        used."""
        before = self.moment().level
        self.position.fill_(self.position_at(progress))
        return self.moment().level > before

    def settle(self) -> None:
        """Keep the position for good, so that a trace of the network finds no number to read from
        a tensor."""
        self.settled = self.moment()

    def moment(self) -> Moment:
        """The position as plain numbers, so that only the layers in use are computed."""
        if self.settled is not None:
            return self.settled
        position = float(self.position)
        level = math.ceil(position)
        return Moment(level, position - level + 1)


def shrunk(images: Tensor, side: int) -> Tensor:
    """(N, C, H, W) -> (N, C, side, side), means over squares of pixels; the side is a divisor."""
    factor = images.shape[2] // side
    return images if factor == 1 else F.avg_pool2d(images, factor)


def enlarged(images: Tensor, side: int) -> Tensor:
    """(N, C, h, w) -> (N, C, side, side), each pixel a square; the side is a multiple."""
    factor = side // images.shape[2]
    return images if factor == 1 else F.interpolate(images, scale_factor=factor, mode="nearest")
