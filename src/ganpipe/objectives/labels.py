"""Move the labels of real and generated images away from 1 and 0."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def are_plain(labels: tuple[float, float], flip: float) -> bool:
    """Whether ``labels`` are 1 for every real image and 0 for every generated one."""
    return labels == (1.0, 0.0) and flip == 0.0


def against_labels(
    loss: Callable[[Tensor, Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    *,
    labels: tuple[float, float],
    flip: float,
    rng: torch.Generator,
) -> Tensor:
    """The discriminator's mean ``loss`` against other ``labels`` than 1 (real) and 0 (generated).

    Smoothing (Salimans et al. 2016, arXiv:1606.03498, section 3.4) sets ``labels``; each image's
    label is exchanged for the other side's with probability ``flip``.
    """
    first, second = labels
    terms = []
    for logits, own, other in ((real, first, second), (fake, second, first)):
        flipped = torch.empty_like(logits).uniform_(generator=rng) < flip
        terms.append(loss(logits, torch.full_like(logits, own).masked_fill(flipped, other)).mean())
    return terms[0] + terms[1]
