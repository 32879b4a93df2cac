"""The unroll against a game whose updates can be written down by hand."""

from __future__ import annotations

import copy
from typing import get_args

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from ganpipe.objectives.matching import feature_matching
from ganpipe.objectives.unroll import Critic, unrolled
from ganpipe.optim.build import build_optimizer
from ganpipe.optim.config import OptimizerConfig, OptimizerName


class Product(nn.Module):
    """D(x) = a x."""

    def __init__(self, a: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(a, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.a * x


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_closed_form_of_a_quadratic_game(steps: int) -> None:
    """d_loss = (a x - 1)² / 2 for the one image x: a ← a - η x (a x - 1), so a_k x - 1 =
    (1 - η x²)ᵏ (a x - 1), and the slope of a_k x in x follows by the chain rule."""
    a, eta = 0.3, 0.1
    network = Product(a)
    x = torch.tensor(1.7, dtype=torch.float64, requires_grad=True)

    def d_loss(critic: Critic) -> Tensor:
        return (critic(x) - 1).square() / 2

    output = unrolled(network, d_loss, steps, torch.optim.SGD(network.parameters(), lr=eta))(x)
    (slope,) = torch.autograd.grad(output, x)
    v = x.item()
    shrink = (1 - eta * v * v) ** steps
    inner = steps * (1 - eta * v * v) ** (steps - 1) * (-2 * eta * v) if steps else 0.0
    assert output.item() == pytest.approx(1 + shrink * (a * v - 1))
    assert slope.item() == pytest.approx(inner * (a * v - 1) + shrink * a)


def test_layers_that_are_not_used_do_not_matter() -> None:
    """As those of a network that has not grown to its full size."""
    x = torch.tensor([1.7], dtype=torch.float64)
    plain, other = Product(0.3), Product(0.3)
    other.later = nn.Linear(1, 1)
    outputs = [
        unrolled(
            network,
            lambda critic: (critic(x) - 1).square().sum() / 2,
            2,
            torch.optim.Adam(network.parameters(), lr=0.1),
        )(x)
        for network in (plain, other)
    ]
    assert outputs[0].equal(outputs[1])


OPTIMIZERS = get_args(OptimizerName)


def small_game(name: OptimizerName, dtype: torch.dtype) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A discriminator in the plane and its optimizer, which has made two updates already."""
    torch.manual_seed(0)
    layers = nn.Linear(2, 5), nn.LeakyReLU(0.2, inplace=True), nn.Linear(5, 1)
    network = nn.Sequential(*layers).to(dtype)
    settings = OptimizerConfig(
        name=name, lr=0.05, betas=(0.5, 0.999), momentum=0.5, weight_decay=0.01
    )
    optimizer = build_optimizer(network, settings)
    for _ in range(2):
        optimizer.zero_grad()
        network(torch.randn(4, 2, dtype=dtype)).square().mean().backward()
        optimizer.step()
    optimizer.zero_grad()
    return network, optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_equals_real_updates_and_leaves_both_alone(name: OptimizerName) -> None:
    network, optimizer = small_game(name, torch.float32)
    before = copy.deepcopy((network.state_dict(), optimizer.state_dict()["state"]))
    x = torch.randn(4, 2, requires_grad=True)

    def d_loss(critic: Critic) -> Tensor:
        return nn.functional.softplus(critic(x)).mean()

    ahead = unrolled(network, d_loss, 3, optimizer)(x)
    after = network.state_dict(), optimizer.state_dict()["state"]
    assert_close(after, before, rtol=0, atol=0)
    assert all(weight.grad is None for weight in network.parameters())
    now = network(x)
    for _ in range(3):
        optimizer.zero_grad()
        d_loss(network).backward()
        optimizer.step()
    assert torch.allclose(ahead, network(x), atol=1e-6)
    assert not torch.allclose(ahead, now, atol=1e-3)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_slopes_through_the_unroll_agree_with_finite_differences(name: OptimizerName) -> None:
    network, optimizer = small_game(name, torch.float64)
    point = torch.randn(3, 2, dtype=torch.float64)

    def value(x: Tensor) -> Tensor:
        def d_loss(critic: Critic) -> Tensor:
            return nn.functional.softplus(critic(x)).mean()

        return unrolled(network, d_loss, 2, optimizer)(torch.ones(1, 2, dtype=torch.float64)).sum()

    x = point.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(value(x), x)  # only through the updates: D sees other images
    assert slopes.abs().max() > 1e-6
    for index in range(point.numel()):
        shift = torch.zeros_like(point).flatten()
        shift[index] = 1e-6
        shift = shift.view_as(point)
        difference = (value(point + shift) - value(point - shift)) / 2e-6
        assert slopes.flatten()[index].item() == pytest.approx(
            difference.item(), rel=1e-4, abs=1e-9
        )


def test_a_weight_without_a_slope_does_not_spoil_those_of_others() -> None:
    """Adam divides by the root of a running square, whose slope at 0 is infinite."""
    network = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        network[0].bias[0] = -1e6  # never active
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    x = torch.randn(8, 2, requires_grad=True)

    def d_loss(critic: Critic) -> Tensor:
        return nn.functional.softplus(critic(x)).mean()

    d_loss(network).backward()
    optimizer.step()
    (slope,) = torch.autograd.grad(unrolled(network, d_loss, 2, optimizer)(x).sum(), x)
    assert slope.isfinite().all()


def test_feature_matching_is_the_squared_distance_of_the_means() -> None:
    real, fake = torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([[0.0, 1.0], [1.0, 4.0]])
    # Means (2, 1) and (0.5, 2.5): 1.5² + 1.5².
    assert feature_matching(real, fake).item() == pytest.approx(4.5)


def test_groups_of_parameters_keep_their_own_rates() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 5), nn.LeakyReLU(0.2), nn.Linear(5, 1))
    groups = [
        {"params": list(network[2].parameters()), "lr": 0.5},
        {"params": list(network[0].parameters()), "lr": 0.01},
    ]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    x = torch.randn(4, 2)

    def d_loss(critic: Critic) -> Tensor:
        return nn.functional.softplus(critic(x)).mean()

    ahead = unrolled(network, d_loss, 2, optimizer)(x)
    for _ in range(2):
        optimizer.zero_grad()
        d_loss(network).backward()
        optimizer.step()
    assert_close(ahead, network(x))
