"""The U-Net of Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial
Networks" (arXiv:1611.07004), appendix 6.1.1, for sides of any length."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.networks.layers.borders import cut, extend
from ganpipe.networks.network import Network

DEEPEST = 8  # halvings, which bring the paper's 256 pixels to 1
WIDEST = 8  # times the width of the first layer
DROPPED = 3  # layers of the decoder, from the innermost on, that dropout follows


class Generator(Network):
    """(N, C, H, W) float images in [-1, 1] -> (N, *image_shape[:1], H, W) float in [-1, 1].

    Every convolution halves the side, down to 1 pixel for ``depth`` None, and every transposed one
    doubles it. A side that 2 ** depth does not divide is extended by its outermost pixels and cut
    afterwards. The innermost layer of the encoder, whose maps may have one pixel, has no norm.

    ``norm`` instance is what the authors' program computes with its batches of one image: the
    statistics of that image, with learned scale and shift, in training and in evaluation alike.
    Dropout follows the first three layers of the decoder, as in the paper and in its program (a
    later program has it one layer further out), where they have the full 8 ``width`` channels.

    Raises GanpipeError where ``depth`` is more than what halves the side to 1 pixel: what is
    extended would be most of the image.
    """

    def __init__(
        self,
        *,
        source_channels: int,
        image_shape: tuple[int, int, int],
        width: int,
        depth: int | None,
        norm: str,
        dropout: float,
    ) -> None:
        super().__init__(image_shape)
        side = max(image_shape[1:])
        halvings = (side - 1).bit_length()  # that bring the side to 1 pixel, a half rounded up
        if depth and depth > halvings:
            raise GanpipeError(
                f"generator.depth: {depth} needs images of more than {2 ** (depth - 1)} pixels a "
                f"side, and these have {side}; set it to {halvings} or null"
            )
        self.depth = depth or min(DEEPEST, halvings)
        channels = [width * min(2**level, WIDEST) for level in range(self.depth)]
        inner = self.depth - 1
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for level, wide in enumerate(channels):
            before = channels[level - 1] if level else source_channels
            layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
            layers.append(nn.Conv2d(before, wide, 4, 2, 1, bias=False))
            if 0 < level < inner:
                layers.append(_norm(norm, wide))
            self.encoder.append(nn.Sequential(*layers))
        for level in reversed(range(1, self.depth)):
            wide = channels[level - 1]
            given = channels[level] * (1 if level == inner else 2)  # with the skip connection
            layers = [nn.ReLU(), nn.ConvTranspose2d(given, wide, 4, 2, 1, bias=False)]
            layers.append(_norm(norm, wide))
            if dropout and inner - level < DROPPED and wide == WIDEST * width:
                layers.append(nn.Dropout(dropout))
            self.decoder.append(nn.Sequential(*layers))
        last = nn.ConvTranspose2d(2 * channels[0], image_shape[0], 4, 2, 1)
        self.last = nn.Sequential(nn.ReLU(), last, nn.Tanh())

    def forward(self, input: Tensor) -> Tensor:
        x = extend(input, 2**self.depth)
        skipped: list[Tensor] = []
        for down in self.encoder:
            x = down(x)
            skipped.append(x)
        skipped.pop()
        for up in self.decoder:
            x = torch.cat([skipped.pop(), up(x)], 1)
        return cut(self.last(x), *input.shape[2:])


def _norm(name: str, channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if name == "batch" else nn.InstanceNorm2d(channels, affine=True)
