"""What a network is handed that is told the class by concatenation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganpipe.networks.layers.conditioning import ConcatDiscriminator, ConcatGenerator
from ganpipe.networks.network import Network


class Echo(Network):
    """Returns what it is handed."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def test_the_generator_gets_the_label_behind_the_noise() -> None:
    z = torch.randn(3, 4)
    seen = ConcatGenerator(Echo((1, 2, 2)), num_classes=3)(z, torch.tensor([2, 0, 1]))
    assert seen[:, :4].equal(z)
    assert seen[:, 4:].tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


def test_the_discriminator_gets_a_plane_of_the_class() -> None:
    network = ConcatDiscriminator(Echo((4, 2, 2)), (3, 2, 2), num_classes=3)
    images = torch.rand(2, 3, 2, 2)
    seen = network(images, torch.tensor([2, 1]))
    assert seen[:, :3].equal(images)
    for row, label in enumerate((2, 1)):
        assert seen[row, 3].flatten().equal(network.planes.weight[label])


def test_groups_of_the_inner_network_are_kept_and_the_planes_join_the_first() -> None:
    class Grouped(Network):
        def __init__(self) -> None:
            super().__init__((2, 2, 2))
            self.slow, self.fast = nn.Linear(2, 2), nn.Linear(2, 2)

        def parameter_groups(self) -> list[dict[str, Any]]:
            return [
                {"params": list(self.slow.parameters())},
                {"params": list(self.fast.parameters()), "lr_scale": 2.0},
            ]

    inner = Grouped()
    network = ConcatDiscriminator(inner, (1, 2, 2), num_classes=3)
    first, second = network.parameter_groups()
    assert list(map(id, first["params"])) == list(
        map(id, [*inner.slow.parameters(), *network.planes.parameters()])
    )
    assert "lr_scale" not in first
    assert second == inner.parameter_groups()[1]
    assert ConcatGenerator(inner, num_classes=3).parameter_groups() == inner.parameter_groups()
