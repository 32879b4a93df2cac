"""Parameters and operations against counts by hand, layer by layer, on real numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers.support import ADVERSARIAL, NOISE_MODELS, SHIPPED, TRANSLATORS, small_model, spec_of
from helpers.translating import pairs_of
from protocol.harness import DOMAIN
from protocol.test_two_directions import TwoDirections
from torch import Tensor, nn

from ganpipe.core.schema import validate
from ganpipe.data.spec import DataSpec
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.size import Size, sizes, sizes_of
from ganpipe.networks.network import Network
from ganpipe.sampling.sampler import Sampler

SPEC = spec_of()
OF_LAYERS = [  # blocks whose operations are those of PyTorch's layers
    name
    for name, model in ((name, SHIPPED.models[name]) for name in ADVERSARIAL)
    if {model.generator.arch, model.discriminator.arch} <= {"dcgan", "mlp"}
]


def by_hand(network: nn.Module, *inputs: Tensor) -> int:
    """Twice the multiplications in all convolutions and linear layers of a pass of one image."""
    found = 0

    def count(layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal found
        weight: Any = layer.weight
        reached = given[0] if isinstance(layer, nn.ConvTranspose2d) else output
        places = reached.shape[2:].numel()  # at which the whole weight is applied
        found += 2 * weight.numel() * places

    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    layers = [layer for layer in network.modules() if isinstance(layer, kinds)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        network.eval()(*inputs)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_translator_is_counted_by_its_networks(name: str) -> None:
    spec = pairs_of(28, 1, 3)
    method = build_method(small_model(name), spec, 0)
    found = sizes(small_model(name), spec)
    networks = {
        f"{player}.{inner}" if inner else player: network
        for player, own in method.players.items()
        for inner, network in (own.items() if isinstance(own, nn.ModuleDict) else [("", own)])
    }
    assert found.keys() == networks.keys()
    for player, network in networks.items():
        assert found[player].parameters == sum(weight.numel() for weight in network.parameters())
        assert found[player].flops == by_hand(network, torch.zeros(1, *shape_of(player, network)))


def shape_of(player: str, network: nn.Module) -> tuple[int, ...]:
    """Of what a network takes: 3 channels of the source, 1 of the target."""
    if player.startswith("discriminator"):
        shape: tuple[int, ...] = (*network.get_parameter("features.0.weight").shape[1:2], 28, 28)
        return shape
    return (1 if player.endswith("b_to_a") else 3, 28, 28)


@pytest.mark.parametrize("name", NOISE_MODELS)
def test_parameters_are_those_of_the_built_method(name: str) -> None:
    method = build_method(small_model(name), SPEC, 0)
    found = sizes(small_model(name), SPEC)
    assert {player: size.parameters for player, size in found.items()} == {
        player: sum(weight.numel() for weight in network.parameters())
        for player, network in method.players.items()
    }
    assert all(size.flops > 0 for size in found.values())


@pytest.mark.parametrize("name", OF_LAYERS)
def test_operations_are_those_of_the_layers(name: str) -> None:
    config = small_model(name)
    method = build_method(config, SPEC, 0)
    label = [torch.zeros(1, dtype=torch.int64)] * (config.generator.conditioning != "none")
    channels, *side = SPEC.target.image_shape
    if name == "diffusion_gan":  # D is told the step in a channel of its own
        channels += 1
    inputs = {
        "generator": torch.zeros(1, config.latent_dim),
        "discriminator": torch.zeros(1, channels, *side),
    }
    found = sizes(config, SPEC)
    for player, first in inputs.items():
        assert found[player].flops == by_hand(method.players[player], first, *label), player


def test_a_huge_network_takes_no_memory() -> None:
    """DCGAN of width 2^15 at 32 px: kernels of 4 x 4, channels that double, batch norms."""
    content = SHIPPED.models["dcgan"].model_dump(mode="json")
    width = content["generator"]["width"] = 1 << 15
    found = sizes(validate(ModelConfig, content, "a test"), spec_of())
    weights = 16 * (100 * 4 * width + 4 * width * 2 * width + 2 * width * width + width)
    assert found["generator"].parameters == weights + 2 * (4 + 2 + 1) * width


class Grown(Network):
    """As many times the same linear layer as a buffer says, which `grow` sets."""

    depth: Tensor

    def __init__(self) -> None:
        super().__init__((1, 1, 6))
        self.layer = nn.Linear(6, 6, bias=False)
        self.register_buffer("depth", torch.zeros(()))

    def grow(self, progress: float) -> bool:
        self.depth.fill_(round(5 * progress))
        return True

    def forward(self, images: Tensor) -> Tensor:
        for _ in range(int(self.depth)):
            images = self.layer(images)
        return images.sum((1, 2, 3))


class Judged(TwoDirections):
    """A player that grows, and none that draws."""

    def __init__(self) -> None:
        super().__init__()
        self.players = nn.ModuleDict({"d": Grown()})

    def samplers(self) -> dict[str, Sampler]:
        return {}


def test_a_network_is_counted_as_it_is_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its depth is a number of its own, which shapes alone do not tell."""
    monkeypatch.setattr("ganpipe.methods.size.build_method", lambda *_, **__: Judged())
    assert sizes(small_model("dcgan"), SPEC) == {"d": Size(36, 5 * 2 * 36)}


def test_networks_of_a_player_are_counted_one_by_one() -> None:
    found = sizes_of(TwoDirections(), DataSpec("a sketch", DOMAIN, 0, 0))
    translator = Size(4 * 10 + 5, 2 * 64 * (4 * 9 + 4))
    patches = Size(17, 2 * 16 * 16)
    assert found == {
        "generators.a_to_b": translator,
        "generators.b_to_a": translator,
        "discriminators.a": patches,
        "discriminators.b": patches,
    }
