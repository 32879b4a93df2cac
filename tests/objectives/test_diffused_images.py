"""Diffusion as an augmentation: its coefficients, its list of steps, and how its length moves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ganpipe.objectives.augmentations.config import DiffusionConfig
from ganpipe.objectives.augmentations.diffusion import (
    LISTED,
    NOISY,
    Diffusion,
    draw_steps,
    signal_shares,
)
from ganpipe.objectives.build import augmentation

EVEN = (torch.arange(40_000, dtype=torch.float64) + 0.5) / 40_000  # as numbers in [0, 1) are drawn


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def build(**fields: Any) -> Diffusion:
    torch.manual_seed(0)
    built = augmentation(
        DiffusionConfig.model_validate({"kind": "diffusion", **fields}), (3, 32, 32)
    )
    assert isinstance(built, Diffusion)
    return built


def moved(p: float, **fields: Any) -> Diffusion:
    """An augmentation that has come to a certain p."""
    built = build(every=1, images=1000, **fields)
    built.adapt(torch.tensor(1.0), images=round(1000 * p), rng=rng(3))
    return built


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=rng(7))


def naive_share(t: int, length: int) -> float:
    """The product of 1 - beta over the first ``t`` of ``length`` steps, one after the other."""
    share = 1.0
    for step in range(t):
        share *= 1 - (1e-4 + (0.02 - 1e-4) * step / (length - 1))
    return share


@pytest.mark.parametrize("p", [0.0, 0.25, 1.0])
def test_coefficients_are_the_published_ones(p: float) -> None:
    pipe = moved(p)
    assert pipe.length == 10 + round(990 * p)
    for t, signal, spread in zip(pipe.steps, pipe.signal, pipe.spread, strict=True):
        share = naive_share(int(t), pipe.length)
        assert float(signal) == pytest.approx(math.sqrt(share), abs=1e-6)
        assert float(spread) == pytest.approx(math.sqrt(1 - share), abs=1e-6)


def test_the_longest_chain_ends_where_that_of_ddpm_does() -> None:
    shares = signal_shares(1000, 1e-4, 0.02)
    assert float(shares[0]) == 1
    assert float(shares[1000]) == pytest.approx(4.0358e-5, abs=1e-9)


def test_the_list_holds_as_many_zeros_as_draws() -> None:
    pipe = moved(0.5)
    assert (LISTED, NOISY, pipe.length) == (64, 32, 505)
    assert pipe.steps[:32].tolist() == [0] * 32
    assert all(1 < step <= 505 for step in pipe.steps[32:].tolist())
    assert pipe.steps[32:].max() > 300


@pytest.mark.parametrize("length", [2, 10, 1000])
def test_steps_have_the_probabilities_of_the_program(length: int) -> None:
    wanted = np.arange(length) / np.arange(length).sum()
    for distribution, shares in (("priority", wanted), ("uniform", np.full(length, 1 / length))):
        steps = draw_steps(EVEN, length, distribution)  # type: ignore[arg-type]
        found = np.bincount(steps.numpy(), minlength=length + 1) / len(EVEN)
        assert found[0] == 0
        np.testing.assert_allclose(found[1:], shares, atol=1.01 / len(EVEN))


def test_an_image_is_diffused_as_the_list_says() -> None:
    pipe, images = moved(1.0), noise(40, 3, 5, 5)
    seen = pipe(images, rng(5), progress=0.0)
    stream = rng(5)
    places = torch.randint(64, (40,), generator=stream)
    epsilon = torch.randn(40, 3, 5, 5, generator=stream)
    for number, place in enumerate(places.tolist()):
        t = int(pipe.steps[place])
        share = naive_share(t, 1000)
        image = math.sqrt(share) * images[number]
        image += math.sqrt(1 - share) * 0.05 * epsilon[number]
        assert torch.allclose(seen[number, :3], image, atol=1e-5)
        told = torch.full((5, 5), math.sqrt(1 - share))
        assert torch.allclose(seen[number, 3], told, atol=1e-6)
        if t == 0:
            assert torch.equal(seen[number, :3], images[number])
    assert len({int(pipe.steps[place]) for place in places}) > 10


def test_images_are_diffused_half_the_time() -> None:
    images = torch.ones(4000, 1, 1, 1)
    pipe = moved(1.0)
    steps = pipe(images, rng(), progress=0.0)[:, 1] > 0
    assert steps.float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_the_discriminator_may_not_be_told() -> None:
    images = noise(8, 3, 4, 4)
    told, silent = build(), build(tell_step=False)
    assert (told.appended, silent.appended) == (1, 0)
    assert torch.equal(
        told(images, rng(), progress=0.0)[:, :3], silent(images, rng(), progress=0.0)
    )


def test_gradients_reach_the_image_twice() -> None:
    pipe = moved(0.3).double()

    def function(images: Tensor) -> Tensor:
        seen: Tensor = pipe(images, rng(3), progress=0.0)
        return seen.sin()

    images = noise(3, 2, 2, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(function, images)
    assert torch.autograd.gradgradcheck(function, images)


def test_the_length_follows_the_mean_sign() -> None:
    pipe = build(every=4, images=1000)
    first = pipe.steps.clone()
    streams = iter(range(100))
    for means, expected in (
        ((0.9, 0.9, 0.9, 0.9), 89),  # by 4 x 20 / 1000 of 990
        ((0.5, 0.6, 0.6, 0.9), 168),
        ((0.5, 0.6, 0.6, 0.6), 89),
        ((-1.0, -1.0, -1.0, -1.0), 10),
        ((-1.0, -1.0, -1.0, -1.0), 10),  # no shorter
    ):
        before, listed = pipe.length, pipe.steps.clone()
        for mean in means:
            assert pipe.length == before
            assert torch.equal(pipe.steps, listed)  # at every fourth update only
            pipe.adapt(torch.tensor(mean), images=20, rng=rng(next(streams)))
        assert pipe.length == expected
        assert not torch.equal(pipe.steps, listed)
    assert not torch.equal(pipe.steps, first)
    pipe.adapt(torch.tensor(1.0), images=100_000, rng=rng())
    for _ in range(3):
        pipe.adapt(torch.tensor(1.0), images=100_000, rng=rng())
    assert (pipe.length, float(pipe.strength(0.0))) == (1000, 1.0)  # no longer


def test_the_state_survives_a_checkpoint() -> None:
    pipe = moved(0.4)
    again = build(every=1, images=1000)
    again.load_state_dict(pipe.state_dict())
    for each in (pipe, again):
        each.adapt(torch.tensor(1.0), images=100, rng=rng(4))
    assert pipe.length == again.length == 505
    images = noise(8, 3, 4, 4)
    seen = [each(images, rng(6), progress=0.0) for each in (pipe, again)]
    assert torch.equal(*seen)
    state = {"p", "signs", "taken", "updates", "steps", "signal", "spread"}
    assert {*pipe.state_dict()} == state


def test_draws_depend_on_the_shape_alone() -> None:
    states = []
    for pipe in (build(), moved(1.0), build(tell_step=False)):
        stream = rng()
        pipe(noise(4, 3, 4, 4), stream, progress=0.0)
        states.append(stream.get_state())
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2])
