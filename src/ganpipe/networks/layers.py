"""Pieces that several architectures share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

NUMBERS_PER_KERNEL = 5  # of minibatch discrimination, as in the authors' programs


def activation_layer(name: str) -> nn.Module:
    """``relu``, or ``leaky_relu`` with a slope of 0.2 (Radford et al. 2016)."""
    return nn.ReLU(inplace=True) if name == "relu" else nn.LeakyReLU(0.2, inplace=True)


def discriminator_batch_norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm without running statistics: a discriminator is only ever used in training, and
    so a generator update leaves nothing behind in it."""
    return nn.BatchNorm2d(channels, track_running_stats=False)


class MinibatchDiscrimination(nn.Module):
    """Tell every image how near the others of its batch are, so that a generator which makes one
    image over and over is found out: Salimans et al. 2016 (arXiv:1606.03498), section 3.2.

    (N, C, *) -> (N, C + kernels, *): o(x)_b = Σ_j exp(-|M_ib - M_jb|₁), j running over the whole
    batch, where M = f(x) T; constant over the picture where the input has one.
    """

    def __init__(self, features: int, kernels: int) -> None:
        super().__init__()
        self.kernels = kernels
        self.tensor = nn.Linear(features, kernels * NUMBERS_PER_KERNEL, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):  # in bf16 a collapse would not be seen
            rows = self.tensor(x.flatten(1).float())
            kernels = rows.view(len(x), self.kernels, NUMBERS_PER_KERNEL).transpose(0, 1)
            nearness = (-torch.cdist(kernels, kernels, p=1)).exp().sum(2).T
        return append_channels(x, nearness)


class MinibatchDeviation(nn.Module):
    """Append the standard deviation over the batch, averaged over all features, as one channel:
    Karras et al. 2018 (arXiv:1710.10196), section 3, over the whole batch (not in groups, as its
    successors do). (N, C, *) -> (N, C + 1, *).
    """

    def forward(self, x: Tensor) -> Tensor:
        deviation = (x.float().var(0, correction=0) + 1e-8).sqrt().mean()
        return append_channels(x, deviation.to(x.dtype).expand(len(x), 1))


def append_channels(x: Tensor, values: Tensor) -> Tensor:
    """(N, C, *) and (N, K) -> (N, C + K, *), the values constant over the picture."""
    ones = [1] * (x.dim() - 2)
    maps = values.view(*values.shape, *ones).expand(-1, -1, *x.shape[2:])
    return torch.cat([x, maps.to(x.dtype)], 1)


def minibatch_layers(
    channels: int, places: int, minibatch_discrimination: int, minibatch_stddev: bool
) -> tuple[nn.Sequential, int]:
    """What looks at the whole batch before a discriminator's last layer, and the channels that
    come out of it; ``places`` is the number of pixels of the feature map."""
    layers: list[nn.Module] = []
    if minibatch_discrimination:
        layers.append(MinibatchDiscrimination(channels * places, minibatch_discrimination))
    if minibatch_stddev:
        layers.append(MinibatchDeviation())
    return nn.Sequential(*layers), channels + minibatch_discrimination + minibatch_stddev


MIXERS = (nn.modules.batchnorm._BatchNorm, MinibatchDiscrimination, MinibatchDeviation)


def mixes_samples(network: nn.Module) -> bool:
    """Whether the output for one image depends on the others of its batch.

    Such a network must see real and generated images in separate passes.
    """
    return any(isinstance(module, MIXERS) for module in network.modules())


def initialise(network: nn.Module, scheme: str) -> None:
    """Draw the initial weights of linear and convolutional layers from the global stream.

    ``normal_0.02``: N(0, 0.02), and batch norms N(1, 0.02) (Radford et al. 2016); ``xavier``:
    Glorot & Bengio 2010, eq. 16, uniform; ``orthogonal``: Saxe et al. 2014 (arXiv:1312.6120); all
    with zero biases. ``torch`` leaves PyTorch's own: U(-b, b) with b = 1 / sqrt(fan in).
    """
    draw = {
        "normal_0.02": lambda weight: nn.init.normal_(weight, 0.0, 0.02),
        "xavier": nn.init.xavier_uniform_,
        "orthogonal": nn.init.orthogonal_,
    }
    if scheme == "torch":
        return
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            draw[scheme](module.weight)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            if scheme == "normal_0.02":
                nn.init.normal_(module.weight, 1.0, 0.02)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def normalise_spectrally(network: nn.Module) -> None:
    """Divide every weight matrix by its largest singular value: Miyato et al. 2018
    (arXiv:1802.05957), one power iteration a pass in training mode, none in evaluation mode."""
    for module in list(network.modules()):
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            spectral_norm(module)
