"""The translator of Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent
Adversarial Networks" (arXiv:1703.10593), appendix 7.2, after Johnson et al. 2016
(arXiv:1603.08155)."""

from __future__ import annotations

from torch import Tensor, nn

from ganpipe.networks.layers.borders import Reflect, cut, extend
from ganpipe.networks.network import Network

LARGE = 128  # pixels a side above which there are 9 blocks


class Block(nn.Module):
    """(N, C, H, W) -> the same shape: x plus two 3x3 convolutions of it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Reflect(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            Reflect(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Generator(Network):
    """(N, C, H, W) float images in [-1, 1] -> (N, *image_shape[:1], H, W) float in [-1, 1].

    Two convolutions halve the side, ``blocks`` residual blocks follow (None: 6 for images of up to
    128 pixels a side, 9 above, as the paper has it), two transposed ones double it. A side that 4
    does not divide is extended by its outermost pixels and cut afterwards. Instance norm uses the
    statistics of each image, in training and in evaluation alike.
    """

    def __init__(
        self,
        *,
        source_channels: int,
        image_shape: tuple[int, int, int],
        width: int,
        blocks: int | None,
    ) -> None:
        super().__init__(image_shape)
        count = blocks or (6 if max(image_shape[1:]) <= LARGE else 9)
        self.layers = nn.Sequential(
            Reflect(3),
            *_normed(nn.Conv2d(source_channels, width, 7), width),
            *_normed(nn.Conv2d(width, 2 * width, 3, 2, 1), 2 * width),
            *_normed(nn.Conv2d(2 * width, 4 * width, 3, 2, 1), 4 * width),
            *(Block(4 * width) for _ in range(count)),
            *_normed(nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, 1), 2 * width),
            *_normed(nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1), width),
            Reflect(3),
            nn.Conv2d(width, image_shape[0], 7),
            nn.Tanh(),
        )

    def forward(self, input: Tensor) -> Tensor:
        return cut(self.layers(extend(input, 4)), *input.shape[2:])


def _normed(convolution: nn.Module, channels: int) -> tuple[nn.Module, ...]:
    return convolution, nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)
