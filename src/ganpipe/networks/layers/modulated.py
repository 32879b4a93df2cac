"""Modulated convolutions: Karras et al. 2020 (StyleGAN2, arXiv:1912.04958), section 2.2.

A style scales the input channels of a convolution, and its outputs are divided by the deviation
that they are expected to have. Here the activations are scaled on both sides of a convolution whose
weight all images share. The authors scale a weight for every image (eq. 1 and 3), which gives the
same results by a grouped convolution; on a CPU the shared weight is many times as fast. Styles and
divisors are computed in fp32 even under autocast.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.layers.equalised import EqualisedLinear
from ganpipe.networks.layers.mapping import GAIN, SLOPE
from ganpipe.networks.layers.resample import UpsamplingConv


class StyledConv(nn.Module):
    """A demodulated 3 x 3 convolution, noise, a bias, and leaky ReLU times the root of 2.

    Activations (N, in, h, h), styles (N, style_dim) float32 and noise (N, 1, size, size) ->
    (N, out, size, size), where ``size`` is h, or 2 h if the layer upsamples.
    """

    def __init__(
        self, in_channels: int, out_channels: int, size: int, *, style_dim: int, upsamples: bool
    ) -> None:
        super().__init__()
        self.affine = EqualisedLinear(style_dim, in_channels, start=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.strength = nn.Parameter(torch.zeros(()))  # of the noise
        self.upsample = UpsamplingConv() if upsamples else None

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            style = self.affine(w)  # (N, in)
            energy = self.weight.square().sum((2, 3))  # (out, in)
            scale = GAIN * (F.linear(style.square(), energy) + 1e-8).rsqrt()  # (N, out)
        x = x * style.to(x.dtype)[..., None, None]
        if self.upsample is None:
            x = F.conv2d(x, self.weight, padding=1)
        else:
            x = self.upsample(x, self.weight)
        bias, scale = (GAIN * self.bias).to(x.dtype), scale.to(x.dtype)
        noise = (GAIN * self.strength * noise).to(x.dtype)
        x = torch.addcmul(bias[:, None, None], x, scale[..., None, None]) + noise
        return F.leaky_relu(x, SLOPE, inplace=True)


class ToImage(nn.Module):
    """A modulated 1 x 1 convolution without demodulation or activation.

    Activations (N, channels, h, w) and styles (N, style_dim) float32 -> (N, image_channels, h, w)
    float32. The few outputs make a weight for every image the faster form here.
    """

    def __init__(self, channels: int, image_channels: int, *, style_dim: int) -> None:
        super().__init__()
        self.affine = EqualisedLinear(style_dim, channels, start=1.0)
        self.weight = nn.Parameter(torch.randn(image_channels, channels))
        self.bias = nn.Parameter(torch.zeros(image_channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            style = self.affine(w) * self.weight.shape[1] ** -0.5  # (N, channels)
            weight = self.weight * style[:, None]  # (N, image_channels, channels)
        count, _, height, width = x.shape
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2)  # (N, h * w, channels)
        image = torch.bmm(pixels, weight.transpose(1, 2).to(x.dtype)) + self.bias  # float32
        return image.view(count, height, width, -1).permute(0, 3, 1, 2)
