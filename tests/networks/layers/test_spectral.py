"""Spectral norm, while it trains, while it is frozen, and from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.networks import SHAPE, discriminator, generator, with_field
from helpers.support import small_model, spec_of
from safetensors.torch import load_file
from torch import nn

from ganpipe.methods.build import build_method
from ganpipe.storage.tensor_file import write_tensors
from ganpipe.training.loop import frozen


@pytest.mark.parametrize("arch", with_field("spectral_norm"))
@pytest.mark.parametrize("conditioning", ["none", "concat", "projection", "auxiliary"])
def test_spectral_norm_divides_by_the_largest_singular_value(arch: str, conditioning: str) -> None:
    network: Any = discriminator(arch, conditioning=conditioning, spectral_norm=True)
    told = [torch.tensor([0, 1])] if network.num_classes else []
    judge = network.judge if conditioning == "auxiliary" else network
    for _ in range(50):
        judge(torch.rand(2, *SHAPE), *told)
    layers = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding)
    }
    planes = layers.pop("planes", None)  # they act as inputs
    assert (planes is None) is (conditioning != "concat")
    assert ("embedding" in layers) is (conditioning == "projection")
    assert ("classes" in layers) is (conditioning == "auxiliary")
    for layer in layers.values():
        original = layer.parametrizations.weight.original
        with torch.no_grad():
            original.mul_(3)
        largest = torch.linalg.svdvals(original.flatten(1))[0]
        assert torch.allclose(layer.weight, original / largest, rtol=1e-2, atol=1e-6)
    if planes is not None:
        assert not hasattr(planes, "parametrizations")


@pytest.mark.parametrize("arch", ["resnet", "biggan"])
def test_a_generators_tables_of_classes_are_not_normalised(arch: str) -> None:
    network = generator(arch, conditioning="batch_norm", spectral_norm=True)
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            assert hasattr(module, "parametrizations")
        if isinstance(module, nn.Embedding):
            assert not hasattr(module, "parametrizations")


def test_a_frozen_player_makes_no_power_iteration() -> None:
    players = nn.ModuleDict({"discriminator": discriminator("dcgan", spectral_norm=True)})
    network = players["discriminator"]
    buffers = {name: value.clone() for name, value in network.named_buffers()}
    with frozen(players, besides=()):
        network(torch.rand(2, *SHAPE))
    assert buffers
    assert all(torch.equal(value, buffers[name]) for name, value in network.named_buffers())
    network(torch.rand(2, *SHAPE))
    assert not all(torch.equal(value, buffers[name]) for name, value in network.named_buffers())


def test_a_spectrally_normalised_discriminator_is_saved_and_loaded(tmp_path: Path) -> None:
    networks = [
        build_method(small_model("dcgan_sn"), spec_of(), seed).players["discriminator"]
        for seed in (0, 1)
    ]
    write_tensors(tmp_path / "d.safetensors", networks[0].state_dict(), {})
    networks[1].load_state_dict(load_file(tmp_path / "d.safetensors"))
    x = torch.rand(3, *SHAPE)
    first, second = (network.eval()(x) for network in networks)
    assert torch.equal(first, second)
