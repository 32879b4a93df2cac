"""Layers that look at a whole batch, against their formulas."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from helpers.networks import SHAPE, discriminator, with_field

from ganpipe.networks import dcgan
from ganpipe.networks.layers.minibatch import (
    MinibatchDeviation,
    MinibatchDiscrimination,
    mixes_samples,
)


@pytest.mark.parametrize("shape", [(5, 7), (5, 3, 2, 2)])
def test_minibatch_discrimination_pair_by_pair(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x = torch.randn(shape)
    layer = MinibatchDiscrimination(math.prod(shape[1:]), kernels=4)
    output = layer(x)
    tensor = layer.tensor.weight.view(4, 5, -1)  # T of the paper: features x kernels x numbers
    assert output.shape == (5, shape[1] + 4, *shape[2:])
    assert torch.equal(output[:, : shape[1]], x)
    for i, b in product(range(5), range(4)):
        expected = 0.0
        for j in range(5):
            rows = [tensor[b] @ x[n].flatten() for n in (i, j)]
            expected += math.exp(-(rows[0] - rows[1]).abs().sum().item())
        values = output[i, shape[1] + b]
        assert torch.allclose(values, torch.full_like(values, expected), atol=1e-5)


@pytest.mark.parametrize("shape", [(6, 4), (6, 2, 3, 3)])
def test_minibatch_deviation_feature_by_feature(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    output = MinibatchDeviation()(x)
    columns = x.flatten(1).T.tolist()
    means = [sum(column) / 6 for column in columns]
    deviations = [
        math.sqrt(sum((v - m) ** 2 for v in column) / 6)
        for column, m in zip(columns, means, strict=True)
    ]
    added = output[:, -1]
    expected = torch.full_like(added, sum(deviations) / len(deviations))
    assert torch.allclose(added, expected, atol=1e-5)
    assert torch.equal(output[:, :-1], x)


@pytest.mark.parametrize(
    ("count", "group", "groups"),
    [
        (6, 3, [[0, 2, 4], [1, 3, 5]]),
        (6, 2, [[0, 3], [1, 4], [2, 5]]),
        (7, 3, [[0, 2, 4, 6], [1, 3, 5]]),  # not divisible: groups of one more
        (5, 4, [[0, 1, 2, 3, 4]]),
        (3, 4, [[0, 1, 2]]),  # smaller than a group
    ],
)
def test_minibatch_deviation_in_groups(count: int, group: int, groups: list[list[int]]) -> None:
    x = torch.randn(count, 2, 3, 3, generator=torch.Generator().manual_seed(1))
    added = MinibatchDeviation(group)(x)[:, 2]
    for members in groups:
        expected = MinibatchDeviation()(x[members])[0, 2, 0, 0]
        assert torch.allclose(added[members], expected.expand(len(members), 3, 3), atol=1e-6)


def test_minibatch_deviation_is_exact_in_bf16() -> None:
    x = 100 + torch.rand(8, 2, 3, 3)
    exact = MinibatchDeviation(4)(x)[:, 2]
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(MinibatchDeviation(4)(x)[:, 2], exact)


def test_minibatch_discrimination_sees_small_differences_in_bf16() -> None:
    torch.manual_seed(0)
    layer = MinibatchDiscrimination(64, kernels=8)
    x = (1 + 0.01 * torch.randn(32, 64)).bfloat16()
    exact = layer(x.float())[:, 64:]
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layer(x.float())[:, 64:]
    assert exact.std(0).min() > 1e-3
    assert torch.allclose(exact, mixed, atol=1e-5)


@pytest.mark.parametrize("arch", with_field("minibatch_stddev"))
@pytest.mark.parametrize(
    "fields", [{}, {"minibatch_discrimination": 3}, {"minibatch_stddev": True}]
)
def test_one_image_changes_anothers_output_where_a_layer_looks_at_the_batch(
    arch: str, fields: dict[str, object]
) -> None:
    network = discriminator(arch, **fields)
    first, others = (
        torch.rand(1, *SHAPE),
        torch.rand(2, 5, *SHAPE) * torch.tensor([1, 3]).view(2, 1, 1, 1, 1),
    )
    outputs = [network(torch.cat([first, other]))[0] for other in others]
    assert torch.allclose(*outputs, atol=1e-7) is not bool(fields)
    assert mixes_samples(network) is bool(fields)


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_mixes_samples_tells_whether_one_image_changes_anothers_output(norm: str) -> None:
    network = dcgan.Discriminator(image_shape=(1, 32, 32), width=4, norm=norm)
    first, others = torch.rand(1, 1, 32, 32), torch.rand(2, 5, 1, 32, 32)
    outputs = [network(torch.cat([first, other]))[0] for other in others]
    same = torch.allclose(outputs[0], outputs[1], atol=1e-6)
    assert same is not mixes_samples(network)
