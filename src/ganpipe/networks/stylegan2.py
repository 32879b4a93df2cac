"""Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN" (StyleGAN2,
arXiv:1912.04958), with the mapping and the conditioning of "Training Generative Adversarial
Networks with Limited Data" (arXiv:2006.06676), for any side that halving brings to 4..7.

Initial weights are those of the equalised learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as ByName
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganpipe.networks.layers.equalised import EqualisedConv2d, EqualisedLinear, Scales
from ganpipe.networks.layers.mapping import GAIN, SLOPE, Mapping
from ganpipe.networks.layers.minibatch import MinibatchDeviation
from ganpipe.networks.layers.modulated import StyledConv, ToImage
from ganpipe.networks.layers.resample import Downsample, DownsamplingConv, Upsample
from ganpipe.networks.layers.stages import narrowing
from ganpipe.networks.network import Network

W_AVG_DECAY = 0.995  # per training pass, as in the authors' program
ACTIVATED: Scales = {"gain": GAIN, "bias_gain": GAIN}  # of a layer before leaky ReLU times GAIN


class Generator(Network):
    """(N, latent_dim) float, noise by :meth:`noise_shapes`, and (N,) int64 labels if conditioned ->
    (N, *image_shape) float around [-1, 1], since no tanh ends the network.

    A mapping network turns ``z`` into styles, one for each layer, and a synthesis network of
    modulated convolutions turns styles into images, the sum of what each size contributes (skip
    generator, figure 7). ``forward`` is ``synthesise(styles(...), noise)``.
    """

    own_conditioning = frozenset({"embedding"})
    truncates = True

    w_avg: Tensor  # (style_dim,): running mean of w in training

    def __init__(
        self,
        *,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        channel_base: int,
        channel_max: int,
        style_dim: int,
        mapping_layers: int,
        style_mixing: float,
        conditioning: str = "none",
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_classes if conditioning == "embedding" else 0)
        self.style_mixing = style_mixing
        self.mapping = Mapping(latent_dim, self.num_classes, style_dim, mapping_layers)
        self.register_buffer("w_avg", torch.zeros(style_dim))
        stages = narrowing(image_shape[1], channel_base, channel_max)
        self.noise_sizes: dict[str, int] = {}
        layers, images = [], []
        before = 0
        for size, width in stages:
            for index in range(2 if before else 1):
                upsamples = before > 0 and index == 0
                inner = before if upsamples else width
                layers.append(
                    StyledConv(inner, width, size, style_dim=style_dim, upsamples=upsamples)
                )
                self.noise_sizes[f"noise_{size}_{index}"] = size
            images.append(ToImage(width, image_shape[0], style_dim=style_dim))
            before = width
        first, *others = stages
        self.constant = nn.Parameter(torch.randn(first.width, first.side, first.side))
        self.layers = nn.ModuleList(layers)
        self.to_image = nn.ModuleList(images)
        self.upsample = nn.ModuleList(Upsample(stage.side // 2) for stage in others)
        self.num_styles = len(layers) + 1

    def noise_shapes(self) -> dict[str, tuple[int, ...]]:
        """Maps of noise, one a layer: ``noise_<side>_<index>``, (1, side, side)."""
        return {name: (1, size, size) for name, size in self.noise_sizes.items()}

    def training_inputs(
        self, inputs: ByName[str, Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """Drop ``truncation``, which is for drawing alone, and mix styles.

        Style mixing (StyleGAN, arXiv:1812.04948, section 3.1) adds a ``second_z`` and a
        ``crossover``, with the probability ``style_mixing`` one of 1..num_styles - 1 for the whole
        batch, as in the authors' program, and otherwise num_styles, which mixes nothing.
        """
        kept = {name: value for name, value in inputs.items() if name != "truncation"}
        if self.style_mixing:
            z, device = kept["z"], rng.device
            place = torch.randint(1, self.num_styles, (), generator=rng, device=device)
            mixes = torch.rand((), generator=rng, device=device) < self.style_mixing
            kept["crossover"] = torch.where(mixes, place, self.num_styles)
            kept["second_z"] = torch.empty_like(z).normal_(generator=rng)
        return kept

    def forward(
        self,
        z: Tensor,
        label: Tensor | None = None,
        *,
        truncation: Tensor | None = None,
        second_z: Tensor | None = None,
        crossover: Tensor | None = None,
        **noise: Tensor,
    ) -> Tensor:
        styles = self.styles(
            z, label, truncation=truncation, second_z=second_z, crossover=crossover
        )
        return self.synthesise(styles, noise)

    def styles(
        self,
        z: Tensor,
        label: Tensor | None = None,
        *,
        truncation: Tensor | None = None,
        second_z: Tensor | None = None,
        crossover: Tensor | None = None,
    ) -> Tensor:
        """Styles (N, num_styles, style_dim) float32.

        ``truncation`` (N,) float moves the styles of ``z`` towards ``w_avg``: 1 leaves them as they
        are, and 0 replaces them (StyleGAN, arXiv:1812.04948, appendix B). Styles from number
        ``crossover`` (int64, no dimension) on are those of ``second_z`` where it is given.
        """
        w = self.mapping(z, label)
        if self.training and torch.is_grad_enabled() and self.constant.requires_grad:
            with torch.no_grad():
                self.w_avg.lerp_(w.mean(0), 1 - W_AVG_DECAY)
        if truncation is not None:
            w = torch.lerp(self.w_avg, w, truncation[:, None])
        styles = w[:, None].expand(-1, self.num_styles, -1)
        if second_z is None or crossover is None:
            return styles
        second = self.mapping(second_z, label)[:, None]
        numbers = torch.arange(self.num_styles, device=w.device)
        return torch.where(numbers[:, None] < crossover, styles, second)

    def synthesise(self, styles: Tensor, noise: ByName[str, Tensor]) -> Tensor:
        """Images of styles (N, num_styles, style_dim) and noise by :meth:`noise_shapes`."""
        each = styles.unbind(1)
        x = self.constant.repeat(styles.shape[0], 1, 1, 1)
        images = []
        for number, (layer, name) in enumerate(zip(self.layers, self.noise_sizes, strict=True)):
            x = layer(x, each[number], noise[name])
            if number % 2 == 0:  # the last layer of its size
                images.append(self.to_image[number // 2](x, each[number + 1]))
        with torch.autocast(x.device.type, enabled=False):
            total = images[0]
            for upsample, image in zip(self.upsample, images[1:], strict=True):
                total = upsample(total) + image
        return total


class Discriminator(Network):
    """(N, *image_shape) float and, if conditioned, (N,) int64 labels -> (N,) logits.

    Residual or plain (figure 7). If conditioned, the logit is the product of the last vector and
    the mapped label, in place of Miyato & Koyama's embedding (arXiv:1802.05637). The deviation of
    at least ``minibatch_group`` images is appended to their features; 0 leaves it out.
    """

    own_conditioning = frozenset({"projection"})

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        channel_base: int,
        channel_max: int,
        residual: bool,
        minibatch_group: int,
        mapping_layers: int,
        conditioning: str = "none",
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_classes if conditioning == "projection" else 0)
        stages = narrowing(image_shape[1], channel_base, channel_max)[::-1]
        layers: list[nn.Module] = [
            EqualisedConv2d(image_shape[0], stages[0].width, 1, **ACTIVATED),
            nn.LeakyReLU(SLOPE, inplace=True),
        ]
        layers += [
            HalvingBlock(stage.width, half.width, stage.side, residual=residual)
            for stage, half in pairwise(stages)
        ]
        self.layers = nn.Sequential(*layers)
        base, width = stages[-1]
        self.feature_channels = width
        self.minibatch = MinibatchDeviation(minibatch_group) if minibatch_group else nn.Identity()
        self.conv = EqualisedConv2d(width + bool(minibatch_group), width, 3, padding=1, **ACTIVATED)
        self.dense = EqualisedLinear(width * base * base, width, **ACTIVATED)
        self.last = EqualisedLinear(width, width if self.num_classes else 1)
        self.mapping = (
            Mapping(0, self.num_classes, width, mapping_layers) if self.num_classes else None
        )

    def forward(self, images: Tensor, label: Tensor | None = None) -> Tensor:
        return self.head(self.features(images), label)

    def features(self, images: Tensor, label: Tensor | None = None) -> Tensor:
        """(N, F, base, base); no label changes them."""
        return self.layers(images)

    def head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """(N,) float32 logits of features; the last layers are computed in fp32 even
        under autocast."""
        x = F.leaky_relu(self.conv(self.minibatch(features)), SLOPE, inplace=True)
        with torch.autocast(x.device.type, enabled=False):
            x = self.dense(x.flatten(1).to(self.dense.weight.dtype))
            x = self.last(F.leaky_relu(x, SLOPE, inplace=True))
            if self.mapping is None:
                return x.squeeze(1)
            return (x * self.mapping(None, label)).sum(1) / math.sqrt(x.shape[1])


class HalvingBlock(nn.Module):
    """Two convolutions, the second of which halves the side: (N, before, size, size) -> (N, after,
    size / 2, size / 2). A residual block adds the filtered input and divides by the root of 2."""

    def __init__(self, before: int, after: int, size: int, *, residual: bool) -> None:
        super().__init__()
        self.first = EqualisedConv2d(before, before, 3, padding=1, **ACTIVATED)
        gain = GAIN * math.sqrt(0.5) if residual else GAIN
        self.second = EqualisedConv2d(before, after, 3, gain=gain, bias_gain=gain)
        self.halve = DownsamplingConv()
        self.skip = (
            nn.Sequential(
                Downsample(size),
                EqualisedConv2d(before, after, 1, bias=False, gain=math.sqrt(0.5)),
            )
            if residual
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.first(x), SLOPE, inplace=True)
        y = self.halve(y, self.second.scaled_weight(), self.second.scaled_bias())
        y = F.leaky_relu(y, SLOPE, inplace=True)
        return y if self.skip is None else y + self.skip(x)
