"""Adaptive discriminator augmentation of Karras et al. 2020 (arXiv:2006.06676)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.objectives.augmentation import Augmentation
from ganpipe.objectives.augmentations.config import AdaConfig


def build(config: AdaConfig, image_shape: tuple[int, int, int]) -> AdaptiveAugmentation:
    """The augmentation of ``config`` for images (C, H, W)."""
    return AdaptiveAugmentation()


class AdaptiveAugmentation(Augmentation):
    """Random transforms, each with probability p, which follows the discriminator's overfitting."""

    p: Tensor  # () float32, not bounded above

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("p", torch.zeros(()))

    def forward(self, images: Tensor, rng: torch.Generator, *, progress: float) -> Tensor:
        return images

    def adapt(self, real_logits: Tensor, *, images: int) -> None:
        pass

    def strength(self, progress: float) -> Tensor:
        return self.p.clamp(max=1)
