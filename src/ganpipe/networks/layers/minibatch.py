"""Layers that look at the whole batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

NUMBERS_PER_KERNEL = 5  # of minibatch discrimination, as in the authors' programs


class MinibatchDiscrimination(nn.Module):
    """Append how near the other images of the batch are, so that a collapsed generator is detected:
    Salimans et al. 2016 (arXiv:1606.03498), section 3.2.

    (N, C, *) -> (N, C + kernels, *): o(x)_b = Σ_j exp(-|M_ib - M_jb|₁), j running over the whole
    batch, where M = f(x) T; constant over the pixels if the input has any.
    """

    def __init__(self, features: int, kernels: int) -> None:
        super().__init__()
        self.kernels = kernels
        self.tensor = nn.Linear(features, kernels * NUMBERS_PER_KERNEL, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):  # bf16 would hide a collapse
            rows = self.tensor(x.flatten(1).float())
            kernels = rows.view(len(x), self.kernels, NUMBERS_PER_KERNEL).transpose(0, 1)
            nearness = (-torch.cdist(kernels, kernels, p=1)).exp().sum(2).T
        return append_channels(x, nearness)


class MinibatchDeviation(nn.Module):
    """Append the standard deviation over images, averaged over all features, as one channel:
    Karras et al. 2018 (arXiv:1710.10196), section 3. (N, C, *) -> (N, C + 1, *).

    ``group`` is the least number of images whose deviation is taken together; 0 takes the whole
    batch. As in the authors' program image i belongs to the group i mod (N // group); a batch that
    ``group`` does not divide has some groups of one image more, where the program fails.
    """

    def __init__(self, group: int = 0) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        groups = max(1, len(x) // self.group) if self.group else 1
        with torch.autocast(x.device.type, enabled=False):
            rows = x.flatten(1).to(torch.promote_types(x.dtype, torch.float32))
            member = torch.eye(groups, dtype=rows.dtype, device=x.device)
            member = member.repeat(-(-len(x) // groups), 1)[: len(x)]  # (N, groups)
            mean_of = (member / member.sum(0)).T
            variances = mean_of @ (rows - member @ (mean_of @ rows)).square()
            deviations = (variances + 1e-8).sqrt().mean(1)
            values = member @ deviations[:, None]
        return append_channels(x, values)


def append_channels(x: Tensor, values: Tensor) -> Tensor:
    """(N, C, *) and (N, K) -> (N, C + K, *), the values constant over the pixels."""
    ones = [1] * (x.dim() - 2)
    maps = values.view(*values.shape, *ones).expand(-1, -1, *x.shape[2:])
    return torch.cat([x, maps.to(x.dtype)], 1)


def minibatch_layers(
    channels: int, places: int, *, minibatch_discrimination: int, minibatch_stddev: bool
) -> tuple[nn.Sequential, int]:
    """The layers before a discriminator's last one that look at the whole batch, and the number of
    channels that they return; ``places`` is the number of pixels of the feature map."""
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
