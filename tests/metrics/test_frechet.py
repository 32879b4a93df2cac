"""The Fréchet distance against closed forms and the two reference implementations."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from ganpipe.core.errors import GanpipeError
from ganpipe.metrics.frechet import frechet_distance, root
from ganpipe.metrics.moments import Gaussian, Moments


def features(num: int, dim: int, seed: int) -> np.ndarray:
    """(num, dim) correlated features with a spectrum that falls off, as real ones have."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(dim, dim)) / np.arange(1, dim + 1)
    return rng.normal(size=(num, dim)) @ mixing + rng.normal(size=dim)


def gaussian(samples: np.ndarray) -> Gaussian:
    moments = Moments(samples.shape[1])
    moments.update(torch.from_numpy(samples))
    return moments.gaussian()


def test_moments_in_pieces_are_those_of_the_whole() -> None:
    samples = features(257, 9, 0) + 1e4  # far from zero, where a mean of squares loses digits
    moments, second = Moments(9), Moments(9)
    for piece in np.split(samples[:200], [1, 2, 90, 90]):
        moments.update(torch.from_numpy(piece))
    second.update(torch.from_numpy(samples[200:]))
    moments.merge(second)
    whole = moments.gaussian()
    assert whole.num == 257
    np.testing.assert_allclose(whole.mu, samples.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(whole.sigma, np.cov(samples, rowvar=False), rtol=1e-9)


def test_a_single_image_has_no_covariance() -> None:
    moments = Moments(3)
    moments.update(torch.ones(1, 3))
    with pytest.raises(ValueError, match="two images"):
        moments.gaussian()


def test_equal_covariances_leave_the_squared_distance_of_the_means() -> None:
    one = gaussian(features(100, 12, 1))
    two = Gaussian(one.mu + 0.5, one.sigma)
    assert frechet_distance(one, two) == pytest.approx(12 * 0.25, rel=1e-9)


def test_a_distribution_is_at_distance_zero_from_itself() -> None:
    one = gaussian(features(100, 12, 1))
    assert 0 <= frechet_distance(one, one) < 1e-10


def test_commuting_covariances_have_a_closed_form() -> None:
    a, b = np.array([4.0, 1.0, 0.0, 9.0]), np.array([1.0, 16.0, 25.0, 0.0])
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    one = Gaussian(np.zeros(4), rotation @ np.diag(a) @ rotation.T)
    two = Gaussian(np.zeros(4), rotation @ np.diag(b) @ rotation.T)
    assert frechet_distance(one, two) == pytest.approx(((a**0.5 - b**0.5) ** 2).sum(), rel=1e-12)


def test_variances_of_very_different_size_lose_no_digits() -> None:
    """Where the roots of a product's eigenvalues keep six digits."""
    variances = np.arange(1.0, 301) ** -3
    factors = np.random.default_rng(1).uniform(0.8, 1.3, 300)
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(300, 300)))[0]
    one, two = (
        Gaussian(np.zeros(300), (rotation * values) @ rotation.T)
        for values in (variances, variances * factors**2)
    )
    expected = (variances * (1 - factors) ** 2).sum()
    assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("num", [400, 60])
def test_equal_to_pytorch_fid_and_torch_fidelity(num: int) -> None:
    real, fake = features(num, 48, 3), 1.2 * features(num, 48, 4)
    ours = frechet_distance(gaussian(real), gaussian(fake))
    theirs = calculate_frechet_distance(
        real.mean(0), np.cov(real, rowvar=False), fake.mean(0), np.cov(fake, rowvar=False)
    )
    assert ours == pytest.approx(theirs, rel=1e-8)
    statistics = [fid_features_to_statistics(torch.from_numpy(part)) for part in (real, fake)]
    fidelity = fid_statistics_to_metric(*statistics, verbose=False)
    assert ours == pytest.approx(fidelity["frechet_inception_distance"], rel=1e-8)
    assert ours == frechet_distance(gaussian(real), gaussian(fake), root(gaussian(real)))


@pytest.mark.parametrize(("num_a", "num_b"), [(20, 20), (20, 300), (300, 20), (2, 300)])
def test_fewer_images_than_features(num_a: int, num_b: int) -> None:
    """The trace is the nuclear norm of A Bᵀ for centred, scaled features: no covariance at all."""
    real, fake = features(num_a, 100, 5), features(num_b, 100, 6)
    halves = [(part - part.mean(0)) / (len(part) - 1) ** 0.5 for part in (real, fake)]
    nuclear = np.linalg.svd(halves[0] @ halves[1].T, compute_uv=False).sum()
    means = ((real.mean(0) - fake.mean(0)) ** 2).sum()
    expected = means + (halves[0] ** 2).sum() + (halves[1] ** 2).sum() - 2 * nuclear
    assert frechet_distance(gaussian(real), gaussian(fake)) == pytest.approx(expected, rel=1e-10)


def test_a_constant_generator_gets_its_true_figure() -> None:
    real, fake = gaussian(features(300, 10, 7)), gaussian(np.tile(np.arange(10.0), (50, 1)))
    expected = ((real.mu - np.arange(10)) ** 2).sum() + np.trace(real.sigma)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-12)
        assert frechet_distance(fake, real) == pytest.approx(expected, rel=1e-12)


def test_nan_and_foreign_statistics_are_refused() -> None:
    one = gaussian(features(100, 12, 1))
    with pytest.raises(GanpipeError, match="NaN or infinity"):
        frechet_distance(one, Gaussian(one.mu * np.nan, one.sigma))
    with pytest.raises(GanpipeError, match="12 and of 13 features"):
        frechet_distance(one, gaussian(features(100, 13, 1)))
