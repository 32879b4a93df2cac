"""Find losses, penalties and augmentations by their names in params.yaml."""

from __future__ import annotations

from ganpipe.core.plugins import load
from ganpipe.objectives.augmentation import Augmentation
from ganpipe.objectives.augmentations.config import AugmentationConfig
from ganpipe.objectives.gradients import Penalty
from ganpipe.objectives.loss import AdversarialLoss


def adversarial_loss(name: str) -> AdversarialLoss:
    """The loss in the file ``losses/<name>.py``."""
    loss: AdversarialLoss = load("ganpipe.objectives.losses", name).LOSS
    return loss


def penalty(name: str) -> Penalty:
    """The penalty in the file ``penalties/<name>.py``."""
    function: Penalty = load("ganpipe.objectives.penalties", name).penalty
    return function


def augmentation(config: AugmentationConfig, image_shape: tuple[int, int, int]) -> Augmentation:
    """The augmentation in the file ``augmentations/<kind>.py``, for images (C, H, W)."""
    module = load("ganpipe.objectives.augmentations", config.kind)
    built: Augmentation = module.build(config, image_shape)
    return built
