"""The BigGAN networks: sizes, and what the class and the parts of z reach."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers.networks import CLASSES, LATENT, discriminator, generator
from pydantic import ValidationError
from torch import nn

from ganpipe.core.errors import GanpipeError
from ganpipe.networks import biggan
from ganpipe.networks.layers.conditioning import ConcatGenerator, ProjectionDiscriminator
from ganpipe.networks.layers.norm import ConditionalBatchNorm2d
from ganpipe.networks.layers.residual import DownBlock

PAPERS = {"conditioning": "batch_norm", "shared_embedding": 5, "hierarchical": True}


def weights(latent_dim: int, side: int, width: int, classes: int, **fields: Any) -> list[int]:
    """The numbers of weights of both networks."""
    shape, attention = (3, side, side), fields.pop("attention", 0)
    with torch.device("meta"):
        g = biggan.Generator(
            latent_dim=latent_dim,
            image_shape=shape,
            width=width,
            attention=attention,
            conditioning="batch_norm",
            num_classes=classes,
            **fields,
        )
        d = biggan.Discriminator(image_shape=shape, width=width, attention=attention)
        networks = (g, ProjectionDiscriminator(d, classes))
    return [sum(weight.numel() for weight in network.parameters()) for network in networks]


def test_networks_of_the_cifar_script_have_its_numbers_of_weights() -> None:
    assert weights(128, 32, 256, 10) == [4_304_387, 4_207_361]


def test_networks_of_the_paper_have_its_numbers_of_weights() -> None:
    """At 128 pixels, as other programs' tests count them as well."""
    form = {"shared_embedding": 128, "hierarchical": True, "attention": 64}
    assert weights(120, 128, 96, 1000, **form) == [70_433_988, 87_982_370]


def test_a_discriminator_is_as_wide_inside_its_blocks_as_behind_them() -> None:
    network: Any = discriminator("biggan", (3, 64, 64))
    blocks = [module for module in network.features if isinstance(module, DownBlock)]
    assert [block.conv1.out_channels for block in blocks] == [4, 8, 16, 32, 64]
    narrow: Any = discriminator("resnet", (3, 64, 64))
    assert [block.conv1.out_channels for block in narrow.features[:-1]] == [4, 4, 8, 16, 32]


@pytest.mark.parametrize(("side", "base"), [(28, 7), (32, 4), (64, 4)])
def test_attention_follows_the_block_with_its_side(side: int, base: int) -> None:
    shape = (1, side, side)
    g: Any = generator("biggan", shape, attention=2 * base)
    d: Any = discriminator("biggan", shape, attention=side // 2)
    assert g.attended == 0
    kinds = [type(layer).__name__ for layer in d.features]
    assert kinds[:3] == ["DownBlock", "SelfAttention", "DownBlock"]
    z = torch.randn(3, LATENT)
    before = g(z), d(torch.ones(1, *shape))
    nn.init.ones_(g.attention.gamma)
    nn.init.ones_(d.features[1].gamma)
    assert not before[0].equal(g(z))
    assert not before[1].equal(d(torch.ones(1, *shape)))


def test_attention_at_a_side_that_no_block_has_is_refused() -> None:
    with pytest.raises(GanpipeError, match=r"generator.attention: .* of 8, 16, 32, or 0"):
        generator("biggan", attention=5)
    with pytest.raises(GanpipeError, match=r"discriminator.attention: .* of 16, 8, or 0"):
        discriminator("biggan", attention=32)


@pytest.mark.parametrize("hierarchical", [True, False])
def test_each_block_sees_the_shared_embedding_and_its_part_of_z(hierarchical: bool) -> None:
    network: Any = generator("biggan", **PAPERS | {"hierarchical": hierarchical})
    seen: dict[int, torch.Tensor] = {}
    for index, block in enumerate(network.blocks):
        block.register_forward_pre_hook(
            lambda _, inputs, index=index: seen.__setitem__(index, inputs[1])
        )
    z, labels = torch.randn(2, LATENT), torch.tensor([2, 0])
    network(z, labels)
    embedded = network.shared.weight[labels]
    assert network.shared.weight.shape == (CLASSES, 5)
    parts = [
        z[:, 2:4],
        z[:, 4:5],
        z[:, 5:6],
    ]  # 6 numbers in 4 parts, of which the first is z[:, :2]
    for index, condition in seen.items():
        expected = torch.cat([embedded, parts[index]], 1) if hierarchical else embedded
        assert condition.equal(expected)
    assert network.first.in_features == (2 if hierarchical else LATENT)
    norms = [m for m in network.modules() if isinstance(m, ConditionalBatchNorm2d)]
    assert len(norms) == len(seen) * 2
    assert all(isinstance(norm.gain, nn.Linear) and norm.gain.bias is None for norm in norms)


def test_initial_weights_include_the_tables_of_classes() -> None:
    for scheme, deviation in (("normal_0.02", 0.02), ("torch", 0.0)):
        network: Any = generator("biggan", width=64, conditioning="batch_norm", init=scheme)
        tables = [m.weight for m in network.modules() if isinstance(m, nn.Embedding)]
        assert len(tables) == 12
        assert torch.cat(tables).std().item() == pytest.approx(deviation, rel=0.05)
    table = discriminator("biggan", width=8, conditioning="projection").get_submodule("embedding")
    rows: Any = table.weight
    assert torch.allclose(rows @ rows.T, torch.eye(CLASSES), atol=1e-5)


def test_orthogonal_regularisation_spares_the_shared_embedding() -> None:
    network: Any = generator("biggan", **PAPERS)
    matrices = {name for name, weight in network.named_parameters() if weight.dim() > 1}
    names = {id(weight): name for name, weight in network.named_parameters()}
    assert {names[id(w)] for w in network.orthogonal_weights()} == matrices - {"shared.weight"}
    around = ConcatGenerator(network, CLASSES)
    assert around.orthogonal_weights() == network.orthogonal_weights()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"shared_embedding": 4}, "set conditioning to batch_norm"),
        ({"conditioning": "batch_norm", "hierarchical": True}, "set shared_embedding"),
    ],
)
def test_fields_that_do_nothing_are_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        generator("biggan", **fields)
