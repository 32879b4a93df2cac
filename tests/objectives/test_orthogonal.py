"""Orthogonal regularisation against its gradient in the authors' program."""

from __future__ import annotations

import pytest
import torch
from helpers.networks import GENERATOR_FIELDS, LATENT, SHAPE, generator
from torch import nn

from ganpipe.networks.network import Network
from ganpipe.objectives.orthogonal import orthogonal_regularisation


def test_the_gradient_is_that_of_the_authors_program() -> None:
    torch.manual_seed(0)
    weights = [torch.randn(shape).requires_grad_() for shape in ((3, 5), (4, 2, 3, 3), (5, 3))]
    with torch.autocast("cpu", torch.bfloat16):
        value = orthogonal_regularisation(weights)
    value.backward()
    expected = 0.0
    for weight in weights:
        w = weight.detach().flatten(1)
        products = (w @ w.T) * (1 - torch.eye(len(w)))
        assert weight.grad is not None
        assert torch.allclose(weight.grad.flatten(1), 2 * products @ w, atol=1e-4)
        expected += products.square().sum().item() / 2
    assert abs(value.item() - expected) < 1e-3


def test_orthogonal_rows_of_any_length_cost_nothing() -> None:
    rows = torch.diag(torch.tensor([0.5, 1.0, 3.0]))
    assert orthogonal_regularisation([rows]).item() == 0


class Transposed(Network):
    """A transposed convolution with orthogonal outputs and inputs that are not."""

    def __init__(self) -> None:
        super().__init__(SHAPE)
        self.layer = nn.ConvTranspose2d(4, 3, 2, bias=False)
        rows = nn.init.orthogonal_(torch.empty(3, 16)).view(3, 4, 2, 2) * 5
        self.layer.weight.data.copy_(rows.transpose(0, 1))


def test_rows_of_transposed_convolutions_are_their_outputs() -> None:
    network = Transposed()
    value = orthogonal_regularisation(network.orthogonal_weights())
    assert value.item() == pytest.approx(0, abs=1e-6)
    nn.utils.parametrizations.spectral_norm(network.layer)  # and then of what is normalised
    value = orthogonal_regularisation(network.orthogonal_weights())
    assert value.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("arch", GENERATOR_FIELDS)
def test_learned_inputs_and_biases_of_maps_are_left_out(arch: str) -> None:
    network = generator(arch)
    left_out = {name for name, weight in network.named_parameters() if weight.dim() == 3}
    names = {"stylegan2": "constant", "r3gan": "basis", "progan": "levels.0.bias"}
    assert left_out == ({names[arch]} if arch in names else set())
    matrices = [weight for weight in network.parameters() if weight.dim() in (2, 4)]
    found = network.orthogonal_weights()
    assert [weight.numel() for weight in found] == [weight.numel() for weight in matrices]


def test_the_weights_of_a_deep_convolutional_generator_have_outputs_first() -> None:
    network = generator("dcgan")
    layers = [each for each in network.modules() if isinstance(each, nn.ConvTranspose2d)]
    assert [len(w) for w in network.orthogonal_weights()] == [each.out_channels for each in layers]
    assert LATENT not in [len(weight) for weight in network.orthogonal_weights()]
