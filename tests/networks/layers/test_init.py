"""Initial weights against their published distributions."""

from __future__ import annotations

import math

import pytest
import torch
from helpers.support import small_model, spec_of
from torch import nn

from ganpipe.core.schema import validate
from ganpipe.methods.build import build_method
from ganpipe.networks.layers.init import initialise


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
    for player in method.players.values():
        matrix = next(w for w in player.parameters() if w.dim() > 1).flatten(1)
        gram = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
        assert torch.allclose(gram, torch.eye(len(gram)), atol=1e-4)
