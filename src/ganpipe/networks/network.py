"""The base class of networks."""

from __future__ import annotations

from typing import Any

from torch import nn


class Network(nn.Module):
    """Base class of generators and discriminators: what a network says of itself.

    ``forward`` of a generator takes noise, that of a discriminator images; both also take the label
    if ``num_classes`` is positive.
    """

    def __init__(self, image_shape: tuple[int, int, int], num_classes: int = 0) -> None:
        super().__init__()
        self.image_shape = image_shape  # (C, H, W) of the images it makes or sees
        self.num_classes = num_classes  # of the label that it takes; 0: it takes none

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Disjoint groups of all parameters, as optimizers of PyTorch take them.

        A group may carry ``lr_scale``, a factor on the learning rate of its player.
        """
        return [{"params": list(self.parameters())}]
