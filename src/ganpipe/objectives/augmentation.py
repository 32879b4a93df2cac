"""The protocol of augmentations that adapt: what a method knows of them.

Such an augmentation stands between the images and the discriminator, for real and generated images
alike and in the updates of both sides, and grows with the discriminator's lead.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn


class Augmentation(nn.Module, ABC):
    """A random function of images that can be differentiated twice, and its strength.

    State that lasts from update to update is held in buffers, so that checkpoints hold it.
    """

    reorients: tuple[str, ...] = ()  # the transforms in use that flip or turn images
    appended: int = 0  # channels behind those of the image, which tell D what was done to it

    @abstractmethod
    def forward(self, images: Tensor, rng: torch.Generator, *, progress: float) -> Tensor:
        """(N, C, H, W) float32 images in [-1, 1] -> (N, C + appended, H, W), of any range.

        ``progress`` is the share of the run done so far, in [0, 1). The number of draws from
        ``rng``, on the images' device, depends on their shape alone.
        """

    @abstractmethod
    def adapt(self, mean_sign: Tensor, *, images: int, rng: torch.Generator) -> None:
        """Follow the discriminator after each of its updates.

        ``mean_sign``, in [-1, 1], is the mean of sign(D(x)) over the ``images`` real augmented
        images of the update, which D tells from generated ones too well where it is near 1.
        ``rng`` is for what is drawn anew for the updates to come.
        """

    @abstractmethod
    def strength(self, progress: float) -> Tensor:
        """() float32 in [0, 1]: how much images are augmented now; 0: not at all."""


class SignFeedback(Augmentation):
    """An augmentation whose p follows the mean sign of D(x) of real images: Karras et al. 2020
    (arXiv:2006.06676), section 3.2.

    p starts at 0 and, after each ``every`` updates, moves by the images that they took over
    ``images``, upwards where the mean of sign(D(x)) was above ``target``, downwards where it was
    below, and stays between 0 and ``most``.
    """

    most: ClassVar[float] = math.inf

    p: Tensor  # () float32
    # Sums since p last moved, ():
    signs: Tensor  # float32, of sign(D(x))
    taken: Tensor  # int64, images
    updates: Tensor  # int64

    def __init__(self, *, target: float, every: int, images: int) -> None:
        super().__init__()
        self.target, self.every, self.images = target, every, images
        for name in ("p", "signs"):
            self.register_buffer(name, torch.zeros(()))
        for name in ("taken", "updates"):
            self.register_buffer(name, torch.zeros((), dtype=torch.int64))

    def adapt(self, mean_sign: Tensor, *, images: int, rng: torch.Generator) -> None:
        self.signs += mean_sign * images
        self.taken += images
        self.updates += 1
        if int(self.updates) == self.every:
            direction = (self.signs / self.taken - self.target).sign()
            self.p += direction * self.taken / self.images
            self.p.clamp_(min=0, max=self.most)
            for total in (self.signs, self.taken, self.updates):
                total.zero_()
            self.p_has_moved(rng)

    def p_has_moved(self, rng: torch.Generator) -> None:
        """Do what follows from a new p, by default nothing."""
