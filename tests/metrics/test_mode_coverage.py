"""Modes covered and their divergence, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganpipe.metrics.mode_coverage import mode_coverage

EVEN = np.full(1000, 60)


def test_all_modes_as_often_as_in_training() -> None:
    found = mode_coverage(np.repeat(np.arange(1000), 3), EVEN)
    assert found == {"modes_covered": 1000, "mode_kl": pytest.approx(0, abs=1e-12)}


@pytest.mark.parametrize("covered", [1, 10, 500])
def test_few_modes_of_many(covered: int) -> None:
    found = mode_coverage(np.arange(5000) % covered * 2, EVEN)
    assert found["modes_covered"] == covered
    assert found["mode_kl"] == pytest.approx(math.log(1000 / covered))


def test_one_image_covers_a_mode() -> None:
    modes = np.zeros(10_000, int)
    modes[0] = 999
    assert mode_coverage(modes, EVEN)["modes_covered"] == 2


def test_the_divergence_is_from_the_training_data() -> None:
    """KL((3/4, 1/4) from (1/4, 3/4)), whatever the numbers of images."""
    found = mode_coverage(np.array([0, 0, 0, 1]), np.array([100, 300]))
    assert found["mode_kl"] == pytest.approx(0.75 * math.log(3) + 0.25 * math.log(1 / 3))


def test_drawn_images_have_the_bias_of_their_number() -> None:
    modes = np.random.default_rng(0).integers(0, 1000, 26_000)
    assert mode_coverage(modes, EVEN)["mode_kl"] == pytest.approx(999 / 52_000, rel=0.1)
