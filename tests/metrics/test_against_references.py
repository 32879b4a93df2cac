"""KID, scores, neighbours and extrapolation against reference programs and naive loops."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from ganpipe.core.errors import GanpipeError
from ganpipe.metrics import kid, neighbours
from ganpipe.metrics.fid_infinity import extrapolate, subset_sizes
from ganpipe.metrics.inception_score import PredictionSums, score_of_splits
from ganpipe.metrics.jackknife import block_bounds, jackknife
from ganpipe.metrics.kid import kernel_distance, within
from ganpipe.metrics.neighbours import ball_radii, nearest, overlap


def features(num: int, seed: int, shift: float = 0.0, dim: int = 16) -> torch.Tensor:
    """(num, dim) float32 on a bent sheet, as features of real images lie."""
    rng = np.random.default_rng(seed)
    sheet = rng.normal(size=(num, 3)) @ np.random.default_rng(1).normal(size=(3, dim))
    noise = 0.3 * rng.normal(size=(num, dim))
    return torch.from_numpy(np.maximum(sheet + noise + shift, 0).astype(np.float32))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few distances at a time that every loop over blocks has several turns."""
    monkeypatch.setattr(neighbours, "BLOCK_VALUES", 5000)


def test_kid_is_that_of_torch_fidelity_on_one_subset_of_all() -> None:
    fake, real = features(300, 0, 0.4).double(), features(300, 1).double()
    theirs = kid_features_to_metric(
        fake, real, kid_subsets=1, kid_subset_size=300, verbose=False, kid_kernel="poly"
    )
    ours = kernel_distance(fake, real, within(real))
    assert ours.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)


def squared_mmd(fake: np.ndarray, real: np.ndarray) -> float:
    """Equation 4 of Bińkowski et al., one pair of images after the other."""

    def mean_kernel(x: np.ndarray, y: np.ndarray, with_itself: bool) -> float:
        values = [
            (sum(a * b for a, b in zip(one, two, strict=True)) / len(one) + 1) ** 3
            for i, one in enumerate(x)
            for j, two in enumerate(y)
            if with_itself or i != j
        ]
        return float(sum(values) / len(values))

    cross = mean_kernel(fake, real, with_itself=True)
    return mean_kernel(fake, fake, False) + mean_kernel(real, real, False) - 2 * cross


@pytest.mark.parametrize(("num_fake", "num_real"), [(23, 14), (13, 29)])
def test_kid_is_a_loop_over_pairs_however_few_rows_are_in_memory(
    num_fake: int, num_real: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kid, "ROWS", 4)
    fake, real = features(num_fake, 0, 0.4, 5).double(), features(num_real, 1, 0.0, 5).double()
    ours = kernel_distance(fake, real, within(real))
    assert ours.value == pytest.approx(squared_mmd(fake.numpy(), real.numpy()), rel=1e-10)
    bounds = [num_fake * index // 10 for index in range(11)]
    without = [
        squared_mmd(np.delete(fake.numpy(), slice(start, end), axis=0), real.numpy())
        for start, end in pairwise(bounds)
    ]
    assert ours.std == pytest.approx((9 * np.var(without)) ** 0.5, rel=1e-8)


def test_kid_of_one_distribution_is_zero_within_its_spread() -> None:
    real = features(1000, 1).double()
    figures = [kernel_distance(features(300, s).double(), real, within(real)) for s in range(20)]
    values = np.array([figure.value for figure in figures])
    spreads = np.array([figure.std for figure in figures])
    assert abs(values.mean()) < 3 * spreads.mean()
    assert (values < 0).any()  # unbiased: on both sides of zero


def test_kid_spread_is_that_of_fresh_draws() -> None:
    real = features(1000, 1).double()
    figures = [
        kernel_distance(features(400, 50 + s, 0.4).double(), real, within(real)) for s in range(40)
    ]
    spread = np.mean([figure.std for figure in figures])
    observed = np.std([figure.value for figure in figures])
    assert observed / 1.6 < spread < observed * 1.6


def test_jackknife_of_a_mean_has_a_closed_form() -> None:
    values = np.random.default_rng(0).normal(size=10)
    std = jackknife(lambda kept: values[kept].mean(), 10)
    assert std == pytest.approx(values.std(ddof=1) / 10**0.5)
    assert jackknife(lambda kept: 0.0, 2) is None


def test_blocks_cover_all_and_are_never_empty() -> None:
    assert block_bounds(25) == [0, 2, 5, 7, 10, 12, 15, 17, 20, 22, 25]
    assert block_bounds(3) == [0, 1, 2, 3]


def test_score_is_that_of_torch_fidelity() -> None:
    logits = 3 * torch.randn(1000, 7, generator=torch.Generator().manual_seed(0))
    splits = [PredictionSums() for _ in range(10)]
    for index, split in enumerate(splits):
        for piece in logits[index * 100 : (index + 1) * 100].split(33):
            split.update(piece)
    theirs = isc_features_to_metric(logits, splits=10, shuffle=False)
    mean, std = score_of_splits(splits)
    assert mean == pytest.approx(theirs["inception_score_mean"], rel=1e-10)
    assert std == pytest.approx(theirs["inception_score_std"], rel=1e-8)


def test_score_of_sure_and_even_predictions_is_the_number_of_classes() -> None:
    split = PredictionSums()
    split.update(1000 * torch.eye(5).repeat(4, 1))
    assert split.score() == pytest.approx(5)


@pytest.mark.usefixtures("small_blocks")
def test_precision_and_recall_are_those_of_torch_fidelity() -> None:
    fake, real = features(180, 0, 0.4), features(220, 1)
    theirs = prc_features_to_metric(fake.double(), real.double(), prc_neighborhood=3, verbose=False)
    ours = overlap(fake, real, ball_radii(real))
    assert 0.1 < ours["precision"] < 0.95
    assert 0.1 < ours["recall"] < 0.95
    assert ours["precision"] == pytest.approx(theirs["precision"])
    assert ours["recall"] == pytest.approx(theirs["recall"])


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(("nearest_k", "names"), [
    (3, ("precision", "recall")), (5, ("density", "coverage"))
])  # fmt: skip
def test_all_four_are_those_of_prdc(nearest_k: int, names: tuple[str, ...]) -> None:
    fake, real = features(180, 0, 0.4), features(220, 1)
    theirs = compute_prdc(real.double().numpy(), fake.double().numpy(), nearest_k)
    ours = overlap(fake, real, ball_radii(real))
    for name in names:
        assert ours[name] == pytest.approx(theirs[name])


def by_differences(fake: torch.Tensor, real: torch.Tensor) -> dict[str, float]:
    """The four figures from distances whose rounding errors are relative to themselves."""

    def squared(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a[:, None].double() - b[None].double()).square().sum(dim=2)

    def radii(points: torch.Tensor, k: int) -> torch.Tensor:
        among = squared(points, points).fill_diagonal_(math.inf)
        return among.sort(dim=1).values[:, k - 1]

    cross = squared(fake, real)
    inside = cross <= radii(real, 5)
    return {
        "precision": (cross <= radii(real, 3)).any(dim=1).double().mean().item(),
        "recall": (cross <= radii(fake, 3)[:, None]).any(dim=0).double().mean().item(),
        "density": inside.sum().item() / (5 * len(fake)),
        "coverage": inside.any(dim=0).double().mean().item(),
    }


@pytest.mark.parametrize(("few", "times_fake", "times_real"), [
    (3, 13, 10), (30, 10, 3), (30, 3, 10), (20, 7, 7), (30, 1, 3)
])  # fmt: skip
def test_copies_of_images_are_in_the_balls_of_images(
    few: int, times_fake: int, times_real: int
) -> None:
    """A radius may be 0, and a copy lie on the very edge of a ball: rounding decides nothing."""
    images = features(30, 1, dim=128) + 100
    fake = images[:few].repeat(times_fake, 1)
    real = torch.cat([images.repeat(times_real, 1), images[:2].repeat(5, 1)])
    for one, other in ((fake, real), (real, fake)):
        ours = overlap(one, other, ball_radii(other))
        assert ours == pytest.approx(by_differences(one, other), abs=1e-12)


def test_a_copy_is_at_distance_zero() -> None:
    points = features(50, 0) + 1000  # far from zero, where rounding is coarse
    squared, index = nearest(points[[7, 3]], points)
    assert index.tolist() == [7, 3]
    assert squared.max() < 1e-6


def test_the_nearest_is_that_of_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK_VALUES", 60)  # four queries at a time
    queries, points = features(18, 0, 0.4), features(13, 1)
    squared, index = nearest(queries, points)
    for query, value, which in zip(queries.tolist(), squared, index, strict=True):
        candidates = [math.dist(query, point) ** 2 for point in points.tolist()]
        assert value == pytest.approx(min(candidates), rel=1e-12)
        assert candidates[which] == min(candidates)


def test_balls_need_six_points() -> None:
    points = torch.tensor([[0.0], [1.0], [3.0], [7.0], [15.0], [31.0]])
    assert ball_radii(points)[0].tolist() == pytest.approx([49, 31**2], rel=1e-11)
    with pytest.raises(ValueError, match="5 points have fewer than 5 neighbours"):
        ball_radii(points[:5])


def test_a_line_over_one_by_n_is_followed_to_its_end() -> None:
    counts = [3000, 5000, 10000]
    assert extrapolate(counts, [4 + 7000 / n for n in counts]) == pytest.approx(4)
    assert next(iter(subset_sizes([10] * 10, width=29).items())) == (3, 30)
    for sizes, width, needed in (([1, 1], 1, 7), ([10] * 10, 30, 104), ([1000] * 10, 3000, 10004)):
        with pytest.raises(GanpipeError, match=f"take {needed} or more"):
            subset_sizes(sizes, width)
