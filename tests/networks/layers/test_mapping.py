"""Mapping networks layer by layer."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ganpipe.networks.layers.mapping import Mapping, unit_second_moment


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def test_noise_and_label_are_normalised_joined_and_mapped() -> None:
    torch.manual_seed(0)
    mapping = Mapping(6, 3, dim=5, depth=2)
    z, label = 7 * torch.randn(4, 6), torch.tensor([0, 2, 1, 1])
    assert mapping.embedding is not None
    for layer in (mapping.embedding, *mapping.layers):
        torch.nn.init.normal_(layer.bias, std=50)
    embedded = mapping.embedding.weight.T[label] / math.sqrt(3) + mapping.embedding.bias
    parts = [x / x.square().mean(1, keepdim=True).sqrt() for x in (z, embedded)]
    x = torch.cat(parts, 1)
    for layer in mapping.layers:
        assert layer.weight.std().item() > 50  # learned 100 times as slowly
        x = leaky(F.linear(x, layer.weight * 0.01 / math.sqrt(x.shape[1]), layer.bias * 0.01))
    assert torch.allclose(mapping(z, label), x, atol=1e-5)


def test_either_may_be_left_out() -> None:
    z, label = torch.randn(4, 6), torch.tensor([0, 2, 1, 1])
    assert Mapping(6, 0, dim=5, depth=2)(z, None).shape == (4, 5)
    by_label = Mapping(0, 3, dim=5, depth=1)(None, label)
    assert torch.allclose(by_label[2], by_label[3], atol=1e-6)
    assert not torch.allclose(by_label[0], by_label[1])


def test_a_unit_second_moment() -> None:
    x = unit_second_moment(torch.randn(3, 50) * torch.tensor([[0.1], [1], [100]]))
    assert torch.allclose(x.square().mean(1), torch.ones(3), atol=1e-5)


def test_autocast_changes_nothing() -> None:
    mapping, z = Mapping(6, 0, dim=5, depth=2), torch.randn(4, 6)
    exact = mapping(z, None)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(mapping(z, None), exact)
