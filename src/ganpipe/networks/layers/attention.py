"""Self-attention over the pixels of a map."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError


class SelfAttention(nn.Module):
    """x + gamma * o(attention): Zhang et al. 2019, "Self-Attention Generative Adversarial Networks"
    (arXiv:1805.08318), section 3, as in BigGAN's program. (N, C, h, w) -> (N, C, h, w).

    Queries and keys have C / 8 channels, values C / 2; keys and values are max-pooled over 2 x 2
    pixels, which the program adds to the paper's. The convolutions have no biases, and gamma starts
    at 0, so that the layer first does nothing.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        self.query = nn.Conv2d(channels, narrow, 1, bias=False)
        self.key = nn.Conv2d(channels, narrow, 1, bias=False)
        self.value = nn.Conv2d(channels, half, 1, bias=False)
        self.output = nn.Conv2d(half, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        query = self.query(x).flatten(2)  # (N, C / 8, pixels)
        key = F.max_pool2d(self.key(x), 2).flatten(2)  # (N, C / 8, pixels / 4)
        value = F.max_pool2d(self.value(x), 2).flatten(2)  # (N, C / 2, pixels / 4)
        weights = (query.transpose(1, 2) @ key).softmax(2)  # of each pixel's keys
        seen = value @ weights.transpose(1, 2).to(value.dtype)
        seen = self.output(seen.unflatten(2, x.shape[2:]))
        return torch.addcmul(x, self.gamma.to(x.dtype), seen)


def attended_block(
    network: str, side: int, sides: list[int], *, at_0: str = "no attention"
) -> int | None:
    """The position of the first block whose output has ``side`` pixels; None for a side of 0,
    which means ``at_0``.

    Raises GanpipeError if there is no such block among those with the ``sides``.
    """
    if side and side not in sides:
        choices = ", ".join(map(str, dict.fromkeys(sides)))
        raise GanpipeError(
            f"{network}.attention: no block of the network has a map of {side} pixels a side for "
            f"images of this size; choose one of {choices}, or 0 for {at_0}"
        )
    return sides.index(side) if side else None
