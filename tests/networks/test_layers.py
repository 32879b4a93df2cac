"""Layers that look at a whole batch, spectral norm and initial weights, against their formulas."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from helpers.support import small_model, spec_of
from torch import nn

from ganpipe.core.schema import validate
from ganpipe.methods.build import build_method
from ganpipe.networks.build import build_discriminator
from ganpipe.networks.layers.init import initialise
from ganpipe.networks.layers.minibatch import (
    MinibatchDeviation,
    MinibatchDiscrimination,
    mixes_samples,
)
from ganpipe.sampling.trained import save_weights
from ganpipe.training.loop import frozen

SHAPE = (1, 32, 32)


def discriminator(arch: str, **fields: object) -> nn.Module:
    own = {
        "mlp": {"hidden": [12, 6], "activation": "leaky_relu", "dropout": 0.0},
        "dcgan": {"width": 4, "norm": "none"},
    }[arch]
    content = small_model("dcgan").model_dump(mode="json")
    content["discriminator"] = {"arch": arch, **own, **fields}
    config = validate(type(small_model("dcgan")), content, "a test")
    torch.manual_seed(0)
    return build_discriminator(config.discriminator, SHAPE)


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


def test_minibatch_discrimination_sees_small_differences_in_bf16() -> None:
    torch.manual_seed(0)
    layer = MinibatchDiscrimination(64, kernels=8)
    x = (1 + 0.01 * torch.randn(32, 64)).bfloat16()
    exact = layer(x.float())[:, 64:]
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layer(x.float())[:, 64:]
    assert exact.std(0).min() > 1e-3
    assert torch.allclose(exact, mixed, atol=1e-5)


@pytest.mark.parametrize("arch", ["mlp", "dcgan"])
@pytest.mark.parametrize(
    "fields", [{}, {"minibatch_discrimination": 3}, {"minibatch_stddev": True}]
)
def test_one_image_changes_anothers_output_where_a_layer_looks_at_the_batch(
    arch: str, fields: dict[str, object]
) -> None:
    network = discriminator(arch, **fields, init="xavier")
    first, others = (
        torch.rand(1, *SHAPE),
        torch.rand(2, 5, *SHAPE) * torch.tensor([1, 3]).view(2, 1, 1, 1, 1),
    )
    outputs = [network(torch.cat([first, other]))[0] for other in others]
    assert torch.allclose(*outputs, atol=1e-7) is not bool(fields)
    assert mixes_samples(network) is bool(fields)


@pytest.mark.parametrize("arch", ["mlp", "dcgan"])
def test_spectral_norm_divides_by_the_largest_singular_value(arch: str) -> None:
    network = discriminator(arch, spectral_norm=True, init="orthogonal")
    for _ in range(50):
        network(torch.rand(2, *SHAPE))
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    assert layers
    for layer in layers:
        original = layer.parametrizations.weight.original  # type: ignore[union-attr]
        with torch.no_grad():
            original.mul_(3)
        largest = torch.linalg.svdvals(original.flatten(1))[0]
        assert torch.allclose(layer.weight, original / largest, rtol=1e-3, atol=1e-6)


def test_a_generator_update_leaves_the_power_iteration_alone() -> None:
    network = discriminator("dcgan", spectral_norm=True)
    buffers = {name: value.clone() for name, value in network.named_buffers()}
    with frozen(network):
        network(torch.rand(2, *SHAPE))
    assert buffers
    assert all(torch.equal(value, buffers[name]) for name, value in network.named_buffers())
    network(torch.rand(2, *SHAPE))
    assert not all(torch.equal(value, buffers[name]) for name, value in network.named_buffers())


def test_a_spectrally_normalised_discriminator_is_saved_and_loaded(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from safetensors.torch import load_file

    first, second = (build_method(small_model("dcgan_sn"), spec_of(), seed) for seed in (0, 1))
    x = torch.rand(3, *SHAPE)
    save_weights(tmp_path / "d.safetensors", first.d_nets, {})
    second.d_nets.load_state_dict(load_file(tmp_path / "d.safetensors"))
    networks = [method.d_nets["discriminator"].eval() for method in (first, second)]
    assert torch.equal(networks[0](x), networks[1](x))


def weights_of(scheme: str) -> tuple[nn.Linear, nn.Conv2d]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(300, 200), nn.Conv2d(40, 80, 4))
    initialise(network, scheme)
    return network[0], network[1]  # type: ignore[return-value]


def test_initial_weights_have_their_published_distributions() -> None:
    linear, conv = weights_of("normal_0.02")
    assert linear.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert conv.weight.std().item() == pytest.approx(0.02, rel=0.02)
    linear, conv = weights_of("xavier")
    for weight, fans in ((linear.weight, 300 + 200), (conv.weight, (40 + 80) * 16)):
        bound = math.sqrt(6 / fans)
        assert weight.abs().max().item() == pytest.approx(bound, rel=0.01)
        assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)
    linear, conv = weights_of("orthogonal")
    for weight in (linear.weight, conv.weight.flatten(1)):
        assert torch.allclose(weight @ weight.T, torch.eye(len(weight)), atol=1e-4)
    for scheme in ("normal_0.02", "xavier", "orthogonal"):
        assert all(not layer.bias.any() for layer in weights_of(scheme))
    for ours, theirs in zip(weights_of("torch"), _untouched(), strict=True):
        assert torch.equal(ours.weight, theirs.weight)


def _untouched() -> tuple[nn.Linear, nn.Conv2d]:
    torch.manual_seed(0)
    return nn.Linear(300, 200), nn.Conv2d(40, 80, 4)


@pytest.mark.parametrize("name", ["toy_mlp", "dcgan"])
def test_the_scheme_is_a_field_of_either_side(name: str) -> None:
    content = small_model(name).model_dump(mode="json")
    for side in ("generator", "discriminator"):
        content[side]["init"] = "orthogonal"
    method = build_method(validate(type(small_model(name)), content, name), spec_of(), 0)
    for nets in (method.g_nets, method.d_nets):
        matrix = next(w for w in nets.parameters() if w.dim() > 1).flatten(1)
        gram = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
        assert torch.allclose(gram, torch.eye(len(gram)), atol=1e-4)
