"""The coefficients of a diffusion in few steps, against published numbers and Bayes' rule."""

from __future__ import annotations

import math

import pytest
import torch
from helpers.games import rng

from ganpipe.sampling.diffusion import denoised, neighbours, of_images, schedule

# Of four steps, as the authors' program computes them.
BETA = (0.478255, 0.849206, 0.956418, 0.987404)
LEFT = (0.521745, 0.078676, 0.003429, 0.000043)  # of the image's variance after each step
POSTERIOR = (  # factors of the image and of the noisier level, and the variance
    (1.0, 0.0, 0.0),
    (0.665778, 0.201576, 0.440819),
    (0.269191, 0.193001, 0.884202),
    (0.057822, 0.111852, 0.984061),
)


def test_four_steps_are_the_published_ones() -> None:
    steps = schedule(4)
    assert [step.added**2 for step in steps] == pytest.approx(BETA, abs=1e-6)
    assert [(step.image * step.kept) ** 2 for step in steps] == pytest.approx(LEFT, abs=1e-6)
    for step, numbers in zip(steps, POSTERIOR, strict=True):
        found = (step.mean_image, step.mean_noisy, step.deviation**2)
        assert found == pytest.approx(numbers, abs=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_any_number_of_steps_is_one_diffusion(count: int) -> None:
    """Whatever the number, the last level is that of the same process at the time 1, but for what
    the process adds before its start; and a posterior is what Bayes' rule makes of two normal
    distributions, whose precisions add up."""
    steps = schedule(count)
    before_start = math.exp(-9.95e-6 - 1e-4)
    left = math.exp(-9.95 - 0.1) / before_start
    assert math.prod(step.kept**2 for step in steps) == pytest.approx(left)
    assert len(steps) == count
    for step in steps:
        assert step.image**2 + step.noise**2 == pytest.approx(1)
        assert step.kept**2 + step.added**2 == pytest.approx(1)
    for step in steps[1:]:
        precision = 1 / step.noise**2 + (step.kept / step.added) ** 2
        assert step.deviation**2 == pytest.approx(1 / precision)
        assert step.mean_image == pytest.approx(step.image / step.noise**2 / precision)
        assert step.mean_noisy == pytest.approx(step.kept / step.added**2 / precision)


def test_the_first_level_is_the_image_and_so_is_what_the_last_pass_makes() -> None:
    images, noise = torch.randn(2, 3, 1, 4, 4).unbind()
    for step in (schedule(4)[0], of_images(schedule(4), torch.zeros(3, dtype=torch.int64))):
        less, more = neighbours(step, images, torch.stack([noise, noise]))
        assert torch.equal(less, images)
        assert torch.equal(denoised(step, images, more, noise), images)


def test_each_image_has_a_step_of_its_own() -> None:
    steps, numbers = schedule(4), torch.tensor([3, 0, 2])
    images, noise = torch.randn(3, 1, 4, 4), torch.randn(2, 3, 1, 4, 4)
    less, more = neighbours(of_images(steps, numbers), images, noise)
    again = denoised(of_images(steps, numbers), images, more, noise[0])
    for index, number in enumerate(numbers.tolist()):
        step = steps[number]
        alone = neighbours(step, images[index], noise[:, index])
        torch.testing.assert_close((less[index], more[index]), alone)
        expected = denoised(step, images[index], more[index], noise[0, index])
        torch.testing.assert_close(again[index], expected)


def test_what_is_denoised_given_the_image_is_distributed_as_the_level() -> None:
    """One value as the image: 200,000 draws of level 2, the long way and the way back."""
    step, image = schedule(4)[2], torch.full((200_000,), 0.8)
    noise = torch.randn((3, len(image)), generator=rng())
    less, more = neighbours(step, image, noise[:2])
    again = denoised(step, image, more, noise[2])
    for found in (less, again):
        assert found.mean().item() == pytest.approx(0.8 * LEFT[1] ** 0.5, abs=0.01)
        assert found.var().item() == pytest.approx(1 - LEFT[1], abs=0.01)
    covariance = (again * more).mean() - again.mean() * more.mean()
    assert covariance.item() == pytest.approx((1 - LEFT[1]) * step.kept, abs=0.01)
