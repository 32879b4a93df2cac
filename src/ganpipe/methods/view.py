"""Augment and noise real and generated images alike before a discriminator sees them."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ganpipe.methods.method import Context
from ganpipe.objectives.augment import diff_augment, instance_noise
from ganpipe.objectives.augmentation import Augmentation
from ganpipe.objectives.build import augmentation
from ganpipe.objectives.config import ObjectiveConfig


class View(nn.Module):
    """Images (N, C, H, W) -> augmented and noised images, by the fields of an objective.

    They are (N, *image_shape): an augmentation may append a channel. The state of an adaptive one
    is in its buffers.
    """

    augmentation: Augmentation | None

    def __init__(self, config: ObjectiveConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.kinds = config.augment
        self.noise = config.instance_noise
        self.augmentation = (
            augmentation(config.augmentation, image_shape) if config.augmentation else None
        )
        channels, height, width = image_shape
        appended = self.augmentation.appended if self.augmentation else 0
        self.image_shape = (channels + appended, height, width)  # of what the discriminator sees

    def forward(self, images: Tensor, context: Context) -> Tensor:
        return self.augmented(self.noised(images, context), context)

    def noised(self, images: Tensor, context: Context) -> Tensor:
        """The images (N, C, H, W) under DiffAugment and instance noise, before the adaptive
        augmentation."""
        if self.kinds:
            images = diff_augment(images.float(), self.kinds, context.rng)
        if self.noise:
            deviation = self.noise * (1 - context.progress)
            images = instance_noise(images.float(), deviation, context.rng)
        return images

    def augmented(self, images: Tensor, context: Context) -> Tensor:
        """The images under the adaptive augmentation alone."""
        if self.augmentation is None:
            return images
        return self.augmentation(images.float(), context.rng, progress=context.progress)

    def through(
        self, critic: Callable[[Tensor], Tensor], context: Context
    ) -> Callable[[Tensor], Tensor]:
        """``critic`` behind the adaptive augmentation, so that a gradient is taken at the image."""
        return lambda images: critic(self.augmented(images, context))
