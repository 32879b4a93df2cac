"""The discriminator of patches, PatchGAN: Isola et al. 2017 (arXiv:1611.07004), section 3.2.2 and
appendix 6.1.2."""

from __future__ import annotations

from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.networks.layers.norm import discriminator_batch_norm
from ganpipe.networks.network import Network

WIDEST = 8  # times the width of the first layer


class Discriminator(Network):
    """(N, C, H, W) float images in [-1, 1] -> (N, 1, h, w) logits, one for each patch.

    ``layers`` 4x4 convolutions of stride 2, then two of stride 1. A logit sees a patch of 16, 34,
    70, 142 or 286 pixels a side for 1 to 5 ``layers``; images of 28, 32 and 256 pixels have 12, 14
    and 126 patches a side for 1 layer, 5, 6 and 62 for 2, and 1, 2 and 30 for 3. With 0 layers,
    1x1 convolutions judge each pixel. No norm follows the first convolution and the last.

    Raises GanpipeError where the images are too small for a patch.
    """

    def __init__(
        self, *, image_shape: tuple[int, int, int], width: int, layers: int, norm: str
    ) -> None:
        super().__init__(image_shape)
        _, height, side = image_shape
        if min(patches(height, layers), patches(side, layers)) < 1:
            raise GanpipeError(
                f"images of {side} x {height} pixels are too small for a patch discriminator with "
                f"{layers} layers; lower the model's discriminator.layers"
            )
        bias = norm != "batch"  # batch norm has its own
        kernel, padding = (4, 1) if layers else (1, 0)
        strides = [2] * layers + [1] if layers else [1, 1]  # of all but the last
        inner: list[nn.Module] = []
        before = image_shape[0]
        for level, stride in enumerate(strides):
            wide = width * min(2**level, WIDEST)
            own = bias or level == 0
            inner.append(nn.Conv2d(before, wide, kernel, stride, padding, bias=own))
            if level:
                inner += _norm(norm, wide)
            inner.append(nn.LeakyReLU(0.2, inplace=True))
            before = wide
        self.features = nn.Sequential(*inner)
        self.head = nn.Conv2d(before, 1, kernel, 1, padding, bias=bias or layers > 0)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))


def patches(side: int, layers: int) -> int:
    """The patches along a side of ``side`` pixels."""
    for _ in range(layers):
        side //= 2
    return side - 2 if layers else side


def _norm(name: str, channels: int) -> list[nn.Module]:
    if name == "none":
        return []
    batch = name == "batch"
    return [discriminator_batch_norm(channels) if batch else nn.InstanceNorm2d(channels)]
