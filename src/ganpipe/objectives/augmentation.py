"""The protocol of augmentations that adapt: what a method knows of them.

Such an augmentation stands between the images and the discriminator, for real and generated images
alike and in the updates of both sides, and grows with the discriminator's lead.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Augmentation(nn.Module, ABC):
    """A random function of images that can be differentiated twice, and its strength.

    State that lasts from update to update is held in buffers, so that checkpoints hold it.
    """

    reorients: tuple[str, ...] = ()  # the transforms in use that flip or turn images

    @abstractmethod
    def forward(self, images: Tensor, rng: torch.Generator, *, progress: float) -> Tensor:
        """(N, C, H, W) float32 images in [-1, 1] -> the same shape, of any range.

        ``progress`` is the share of the run done so far, in [0, 1). The number of draws from
        ``rng``, on the images' device, depends on their shape alone.
        """

    @abstractmethod
    def adapt(self, mean_sign: Tensor, *, images: int) -> None:
        """Follow the discriminator after each of its updates.

        ``mean_sign``, in [-1, 1], is the mean of sign(D(x)) over the ``images`` real augmented
        images of the update, which D tells from generated ones too well where it is near 1.
        """

    @abstractmethod
    def strength(self, progress: float) -> Tensor:
        """() float32 in [0, 1]: how much images are augmented now; 0: not at all."""
