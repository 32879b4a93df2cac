"""What every network says of itself."""

from __future__ import annotations

from typing import Any

from torch import nn


class Network(nn.Module):
    """Base of generators and discriminators: the facts of a network beside its layers.

    ``forward`` of a generator takes noise, and the label where ``num_classes`` is positive; that of
    a discriminator takes images, and the label likewise.
    """

    def __init__(self, image_shape: tuple[int, int, int], num_classes: int = 0) -> None:
        super().__init__()
        self.image_shape = image_shape  # (C, H, W) of the images it makes or sees
        self.num_classes = num_classes  # of the label that it is told; 0: it is told none

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Disjoint groups of all parameters, as optimizers of PyTorch take them.

        A group may carry ``lr_scale``, a factor on the learning rate of its player.
        """
        return [{"params": list(self.parameters())}]
