"""Class-conditional batch norm against plain batch norm and image by image."""

from __future__ import annotations

import pytest
import torch
from helpers.networks import CLASSES, LATENT, generator
from torch import nn

from ganpipe.networks.layers.minibatch import mixes_samples
from ganpipe.networks.layers.norm import ConditionalBatchNorm2d
from ganpipe.optim.ema import averaged_names

LABELS = torch.tensor([0, 2, 1, 2, 0])


def images() -> torch.Tensor:
    return 3 + 2 * torch.randn(5, 4, 3, 3, generator=torch.Generator().manual_seed(1))


def test_equal_tables_make_it_plain_batch_norm() -> None:
    plain, conditional = nn.BatchNorm2d(4), ConditionalBatchNorm2d(4, 3)
    assert torch.allclose(plain(images()), conditional(images(), LABELS), atol=1e-5)
    with torch.no_grad():
        plain.weight.copy_(torch.linspace(-2, 2, 4))
        plain.bias.copy_(torch.linspace(1, 2, 4))
        conditional.gain.weight.copy_(plain.weight - 1)
        conditional.shift.weight.copy_(plain.bias)
    assert torch.allclose(plain(images()), conditional(images(), LABELS), atol=1e-5)
    plain.eval(), conditional.eval()
    assert torch.allclose(plain(images()), conditional(images(), LABELS), atol=1e-5)


@pytest.mark.parametrize("vector", [False, True])
def test_statistics_are_shared_and_scales_are_of_the_class(vector: bool) -> None:
    torch.manual_seed(0)
    norm = ConditionalBatchNorm2d(4, 3, vector=vector)
    nn.init.normal_(norm.gain.weight)
    nn.init.normal_(norm.shift.weight)
    condition = torch.randn(5, 3) if vector else LABELS
    x = images()
    output = norm(x, condition)
    for row, channel in [(row, channel) for row in range(5) for channel in range(4)]:
        values = x[:, channel]
        normal = (x[row, channel] - values.mean()) / (values.var(correction=0) + 1e-5).sqrt()
        if vector:
            g, b = (layer.weight[channel] @ condition[row] for layer in (norm.gain, norm.shift))
        else:
            g, b = (layer.weight[LABELS[row], channel] for layer in (norm.gain, norm.shift))
        assert torch.allclose(output[row, channel], (1 + g) * normal + b, atol=1e-5)


def test_it_mixes_samples_and_its_statistics_are_averaged() -> None:
    norm = ConditionalBatchNorm2d(4, 3)
    assert mixes_samples(norm)
    assert {"norm.running_mean", "norm.running_var"} < set(averaged_names(norm))


def test_the_output_keeps_the_dtype_of_its_input() -> None:
    norm = ConditionalBatchNorm2d(4, 3)
    with torch.autocast("cpu", torch.bfloat16):
        assert norm(images().bfloat16(), LABELS).dtype == torch.bfloat16


def test_a_dcgan_takes_the_class_in_every_norm() -> None:
    network = generator("dcgan", conditioning="batch_norm")
    norms = [m for m in network.modules() if isinstance(m, ConditionalBatchNorm2d)]
    assert len(norms) == 3
    assert network.num_classes == CLASSES
    assert not any(type(module) is nn.BatchNorm2d and module.affine for module in network.modules())
    z = torch.randn(1, LATENT).expand(5, -1)
    network.eval()
    for norm in norms:
        nn.init.normal_(norm.gain.weight)
    made = network(z, LABELS)
    assert made[0].equal(made[4])
    assert not made[0].equal(made[1])
