"""What gives the class to a network, or reads it from its features."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers.networks import CLASSES, SHAPE, conditioned_from_outside, discriminator
from torch import Tensor, nn

from ganpipe.networks import resnet
from ganpipe.networks.layers.conditioning import (
    ConcatDiscriminator,
    ConcatGenerator,
)
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


IMAGES = torch.rand(4, *SHAPE, generator=torch.Generator().manual_seed(1)) * 2 - 1
LABELS = torch.tensor([2, 0, 1, 2])


def pooled(network: Network, features: Tensor) -> Tensor:
    """(N, F) or (N, F, h, w) -> (N, F), pixel by pixel; the residual network here averages."""
    if features.dim() == 2:
        return features
    height, width = features.shape[2:]
    pixels = [features[:, :, y, x] for y in range(height) for x in range(width)]
    return torch.stack(pixels).sum(0) / (
        len(pixels) if isinstance(network, resnet.Discriminator) else 1
    )


@pytest.mark.parametrize("arch", conditioned_from_outside("projection"))
def test_projection_adds_the_product_of_embedding_and_features(arch: str) -> None:
    network: Any = discriminator(arch, conditioning="projection")
    first, second = network(IMAGES, LABELS), network(IMAGES, LABELS.flip(0))
    e = network.embedding.weight
    h = pooled(network.network, network.features(IMAGES, LABELS))
    assert (first != second).any()
    for row in range(4):
        difference = e[LABELS[row]] - e[LABELS[3 - row]]
        assert torch.allclose(first[row] - second[row], difference @ h[row], atol=1e-5)
    with torch.no_grad():
        e.zero_()
    assert network(IMAGES, LABELS).equal(network.network(IMAGES))


@pytest.mark.parametrize("arch", conditioned_from_outside("auxiliary"))
def test_an_auxiliary_head_reads_the_class_from_the_features(arch: str) -> None:
    network: Any = discriminator(arch, conditioning="auxiliary")
    with torch.no_grad():
        network.classes.bias.uniform_()
    logits, class_logits = network.judge(IMAGES)
    assert logits.equal(network.network(IMAGES))
    assert logits.equal(network(IMAGES))
    h = pooled(network.network, network.features(IMAGES))
    expected = [network.classes.weight @ row + network.classes.bias for row in h]
    assert torch.allclose(class_logits, torch.stack(expected), atol=1e-5)
    assert class_logits.shape == (4, CLASSES)
    assert network.num_classes == 0


@pytest.mark.parametrize(
    ("conditioning", "arch"),
    [
        (conditioning, arch)
        for conditioning in ("concat", "projection", "auxiliary")
        for arch in conditioned_from_outside(conditioning)
    ],
)
def test_a_conditioned_discriminator_has_features_groups_and_weights_to_clip(
    arch: str, conditioning: str
) -> None:
    network: Any = discriminator(arch, conditioning=conditioning)
    told = [] if conditioning == "auxiliary" else [LABELS]
    features = network.features(IMAGES, *told)
    assert features.shape[:2] == (4, network.feature_channels)
    names = {id(weight): name for name, weight in network.named_parameters()}
    grouped = [names[id(w)] for group in network.parameter_groups() for w in group["params"]]
    assert sorted(grouped) == sorted(names.values())
    clipped = {names[id(weight)] for weight in network.clipped_parameters()}
    assert set(names.values()) - clipped == {"planes.weight"} & set(names.values())


@pytest.mark.parametrize("arch", ["dcgan", "resnet"])
@pytest.mark.parametrize("conditioning", ["projection", "auxiliary"])
def test_two_passes_and_a_penalty_before_one_backward_pass_under_spectral_norm(
    arch: str,
    conditioning: str,
) -> None:
    network: Any = discriminator(arch, conditioning=conditioning, spectral_norm=True)
    told = [] if conditioning == "auxiliary" else [LABELS]
    points = IMAGES.clone().requires_grad_()
    loss = 2 * network(IMAGES, *told).mean() - network(-IMAGES, *told).mean()
    (slopes,) = torch.autograd.grad(network(points, *told).sum(), points, create_graph=True)
    loss = loss + slopes.square().sum()
    if conditioning == "auxiliary":
        loss = loss + network.judge(IMAGES)[1].logsumexp(1).mean()
    loss.backward()
    assert all(weight.grad.isfinite().all() for weight in network.parameters())
    assert all(weight.grad.any() for weight in network.parameters())


@pytest.mark.parametrize("conditioning", ["projection", "auxiliary"])
def test_weights_of_the_class_are_drawn_by_the_architectures_rule_where_it_has_one(
    conditioning: str,
) -> None:
    def weight_of(arch: str, **fields: Any) -> Tensor:
        network: Any = discriminator(arch, conditioning=conditioning, **fields)
        layer = network.embedding if conditioning == "projection" else network.classes
        weight: Tensor = layer.weight.detach()
        return weight

    torch.manual_seed(0)
    wide = weight_of("dcgan", width=64, norm="none", init="normal_0.02")
    assert wide.std().item() == pytest.approx(0.02, rel=0.1)
    kept = weight_of("dcgan", width=64, norm="none", init="torch")
    for weight in (kept, weight_of("resnet", width=64, pool="sum")):  # which has no such field
        bound = (6 / sum(weight.shape)) ** 0.5
        assert 0.9 * bound < weight.abs().max().item() <= bound
