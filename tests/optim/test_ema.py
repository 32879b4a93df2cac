"""The moving average: its recurrence, its ramp, and what in a network it averages at all."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ganpipe.core.schema import ProbabilitySchedule
from ganpipe.optim.ema import (
    averaged_names,
    decay_at,
    scheduled_decay,
    start_average,
    update_average,
)


def test_the_ramp_bounds_the_half_life_by_the_updates_so_far() -> None:
    assert decay_at(step=100, decay=0.999, ramp=0.05) == pytest.approx(0.5 ** (1 / 5))
    assert decay_at(step=10**6, decay=0.999, ramp=0.05) == pytest.approx(0.999)
    assert decay_at(step=7, decay=0.999, ramp=0.0) == 0.999
    assert decay_at(step=1, decay=0.999, ramp=0.05) < 1e-5


def decay_of(half_life: float) -> float:
    return 0.5 ** (1 / half_life)


@pytest.mark.parametrize(
    ("fields", "half_lives"),
    [  # at shares 0, 1/4, 1/2, 3/4 and 1 of the run
        ({}, [0, 25, 50, 75, 100]),
        ({"shape": "cosine", "until": 0.5}, [0, 50, 100, 100, 100]),
        ({"begin": 0.5, "until": 0.5}, [0, 0, 100, 100, 100]),
    ],
)
def test_a_schedule_moves_the_half_life(fields: dict[str, Any], half_lives: list[float]) -> None:
    up = ProbabilitySchedule(start=0, end=decay_of(100), **fields)
    found = [scheduled_decay(up, progress) for progress in (0, 0.25, 0.5, 0.75, 1)]
    assert found == pytest.approx([decay_of(each) if each else 0 for each in half_lives])
    down = ProbabilitySchedule(start=decay_of(30), end=decay_of(10))
    assert scheduled_decay(down, 0.5) == pytest.approx(decay_of(20))


def test_a_decay_without_a_schedule_keeps_its_bits() -> None:
    assert [scheduled_decay(0.999, progress) for progress in (0, 0.5)] == [0.999, 0.999]


def test_an_average_is_a_frozen_copy_in_evaluation_mode() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).train()
    average = start_average(network)
    assert network.training
    assert not average.training
    assert not any(weight.requires_grad for weight in average.parameters())
    assert all(weight.requires_grad for weight in network.parameters())
    for ours, theirs in zip(average.parameters(), network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
        assert ours.data_ptr() != theirs.data_ptr()


class Mixed(nn.Module):
    """Weights, spectral norm, batch norm, and a buffer of its own."""

    running_mean: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.first = spectral_norm(nn.Linear(6, 5))
        self.norm = nn.BatchNorm1d(5)
        self.bare_norm = nn.BatchNorm1d(5, track_running_stats=False)
        self.last = nn.Linear(5, 4)
        self.register_buffer("running_mean", torch.zeros(3))  # of no batch norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.running_mean += 1
        return self.last(self.bare_norm(self.norm(self.first(x))))


def test_parameters_and_batch_norm_statistics_are_averaged_all_else_is_copied() -> None:
    torch.manual_seed(0)
    network = Mixed()
    average = start_average(network)
    expected = {name: value.clone() for name, value in average.state_dict().items()}
    for step in range(1, 6):
        with torch.no_grad():
            for weight in network.parameters():
                weight += 0.1 * torch.randn_like(weight)
        network(torch.randn(8, 6))
        update_average(average, network, step=step, decay=0.9, ramp=0.0)
        for name in averaged_names(network):
            expected[name] = 0.9 * expected[name] + 0.1 * network.state_dict()[name]
    statistics = {"norm.running_mean", "norm.running_var"}
    parameters = {name for name, _ in network.named_parameters()}
    assert set(averaged_names(network)) == parameters | statistics
    for name, value in average.state_dict().items():
        if name in parameters | statistics:
            torch.testing.assert_close(value, expected[name])
            assert not torch.equal(value, network.state_dict()[name])
        else:
            assert torch.equal(value, network.state_dict()[name]), name
    assert average.running_mean.tolist() == [5, 5, 5]
    assert average.norm.num_batches_tracked == 5


def test_averaged_weights_are_divided_by_their_own_largest_singular_value() -> None:
    """Averaged power iterations would not be those of any matrix."""
    torch.manual_seed(0)
    network = nn.Sequential(spectral_norm(nn.Linear(12, 9)), spectral_norm(nn.Conv1d(3, 4, 3)))
    average = start_average(network)
    for step in range(1, 41):
        with torch.no_grad():
            for weight in network.parameters():
                weight += 0.002 * torch.randn_like(weight)
        for layer in network:
            assert layer.weight is not None  # which makes a power iteration
        update_average(average, network, step=step, decay=0.9, ramp=0.0)
    for layer in average:
        raw = layer.parametrizations.weight.original
        largest = torch.linalg.svdvals(raw.flatten(1))[0]
        torch.testing.assert_close(layer.weight, raw / largest, rtol=1e-3, atol=0)


class Tied(nn.Module):
    """One matrix and one batch norm under two names each."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Linear(3, 3), nn.BatchNorm1d(3)
        self.second, self.same_norm = nn.Linear(3, 3), self.norm
        self.second.weight = self.first.weight


def test_what_has_two_names_is_averaged_once() -> None:
    network = Tied()
    average = start_average(network)
    with torch.no_grad():
        for value in network.state_dict(keep_vars=True).values():
            value.fill_(4)
        for value in average.state_dict().values():
            value.zero_()
    update_average(average, network, step=1, decay=0.75, ramp=0.0)
    assert average.first.weight is average.second.weight
    content = average.state_dict()
    assert content.pop("norm.num_batches_tracked") == 4
    assert content.pop("same_norm.num_batches_tracked") == 4
    for name, value in content.items():
        assert (value == 1).all(), name
