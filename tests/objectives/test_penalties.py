"""Penalties on critics whose gradients are known in closed form, and against finite differences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from helpers.objectives import PENALTIES
from torch import Tensor

SHAPE = (6, 2, 3, 3)
REAL = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))
FAKE = torch.randn(SHAPE, generator=torch.Generator().manual_seed(2))
W = torch.randn(SHAPE[1:], generator=torch.Generator().manual_seed(3))


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def linear(x: Tensor) -> Tensor:
    """Slope W everywhere."""
    return (x * W).sum((1, 2, 3))


def quadratic(x: Tensor) -> Tensor:
    """Slope x at x, so that a penalty tells where it was taken."""
    return x.square().sum((1, 2, 3)) / 2


def test_penalties_of_a_linear_critic() -> None:
    norm = W.norm().item()
    expected = {
        "gradient_penalty": (norm - 1) ** 2,
        "dragan": (norm - 1) ** 2,
        "drift": sum((image * W).sum().item() ** 2 for image in REAL) / len(REAL),
        "r1": norm**2 / 2,
        "r2": norm**2 / 2,
    }
    assert expected.keys() == PENALTIES.keys()
    for name, value in expected.items():
        assert float(PENALTIES[name](linear, REAL, FAKE, rng())) == pytest.approx(value, rel=1e-5)


def test_r1_and_r2_stand_at_real_and_at_generated_images() -> None:
    for name, images in (("r1", REAL), ("r2", FAKE)):
        expected = images.flatten(1).norm(dim=1).square().mean() / 2
        assert torch.allclose(PENALTIES[name](quadratic, REAL, FAKE, rng()), expected)


def taken_at(name: str, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Where a penalty of the quadratic critic is taken, and its value."""
    seen: list[Tensor] = []

    def spy(x: Tensor) -> Tensor:
        seen.append(x.detach().clone())
        return quadratic(x)

    value = PENALTIES[name](spy, real, fake, rng())
    (points,) = seen
    return points, value


def points_of(name: str, real: Tensor, fake: Tensor) -> Tensor:
    return taken_at(name, real, fake)[0]


@pytest.mark.parametrize("name", ["gradient_penalty", "dragan"])
def test_every_image_is_punished_for_its_own_gradient(name: str) -> None:
    """The mean of the squares, not the square of the mean."""
    points, value = taken_at(name, REAL, FAKE)
    norms = [point.norm().item() for point in points]
    assert value.item() == pytest.approx(sum((n - 1) ** 2 for n in norms) / len(norms), rel=1e-5)


def test_the_gradient_penalty_draws_one_epsilon_an_image() -> None:
    points = points_of("gradient_penalty", REAL, FAKE)
    shares = ((points - FAKE) / (REAL - FAKE)).flatten(1)
    assert torch.allclose(shares, shares[:, :1].expand_as(shares), atol=1e-4)
    assert len(set(shares[:, 0].round(decimals=4).tolist())) == SHAPE[0]
    assert ((shares >= -1e-4) & (shares <= 1 + 1e-4)).all()


def test_dragan_stays_within_half_a_deviation_of_real_images() -> None:
    real = 3 * torch.randn((2000, 1, 2, 2), generator=rng())
    distance = points_of("dragan", real, real) - real
    half = real.std(correction=0).item() / 2
    assert distance.min() >= -1e-6
    assert half * 0.9 < distance.max() <= half + 1e-6
    assert distance.mean().item() == pytest.approx(half / 4, rel=0.05)  # E α = E u = 1 / 2


def test_dragan_scales_a_whole_image_and_moves_every_pixel_by_its_own_share() -> None:
    real = torch.randn((2000, 1, 8, 8), generator=rng())
    distance = (points_of("dragan", real, real) - real).flatten(1) / (real.std(correction=0) / 2)
    largest = distance.max(1).values  # of 64 pixels: nearly the image's α
    assert largest.mean().item() == pytest.approx(0.5 * 64 / 65, rel=0.03)
    assert (distance.std(1) > 0.2 * largest).all()


@pytest.mark.parametrize("name", PENALTIES)
def test_gradients_agree_with_finite_differences(name: str) -> None:
    """The penalty's own gradient in the critic's weight, in float64, by central differences."""

    def penalty(scale: Tensor) -> Tensor:
        def critic(x: Tensor) -> Tensor:
            return (scale * x.tanh() * W.double()).sum((1, 2, 3)) + (scale * x).square().sum(
                (1, 2, 3)
            )

        return PENALTIES[name](critic, REAL.double(), FAKE.double(), rng())

    scale = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(penalty(scale), scale)
    high, low = (penalty(scale.detach() + shift) for shift in (1e-5, -1e-5))
    assert gradient.item() == pytest.approx((high - low).item() / 2e-5, rel=1e-6)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_flat_critic_gives_finite_gradients(name: str) -> None:
    weight = torch.zeros((), requires_grad=True)
    critic: Callable[[Tensor], Tensor] = lambda x: weight * x.sum((1, 2, 3))  # noqa: E731
    PENALTIES[name](critic, REAL, FAKE, rng()).backward()
    assert weight.grad is not None
    assert torch.isfinite(weight.grad)
