"""Standing statistics against means over batches, taken by hand."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from helpers.games import CPU
from helpers.weights import saved
from torch import Tensor, nn

from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling import standing
from ganpipe.sampling.draw import CHUNK, draw
from ganpipe.sampling.standing import take_standing_statistics
from ganpipe.sampling.trained import Trained, load_trained

PASSES = 3


class ByHand(nn.Module):
    """Normalises by the mean and variance of the batch, and notes both, one channel at a time."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.norm = norm
        self.means: list[Tensor] = []
        self.variances: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        columns = x.transpose(0, 1).flatten(1).double()
        self.means.append(torch.stack([column.sum() / len(column) for column in columns]))
        squares = torch.stack([((column - column.mean()) ** 2).sum() for column in columns])
        count = columns.shape[1]
        self.variances.append(squares / (count - 1))
        deviation = (squares / count + self.norm.eps).sqrt()
        scaled = (columns - self.means[-1][:, None]) / deviation[:, None]
        scaled = scaled * self.norm.weight[:, None] + self.norm.bias[:, None]
        return scaled.float().view_as(x.transpose(0, 1)).transpose(0, 1)


@pytest.fixture(params=["dcgan", "cgan"])
def trained(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Trained:
    monkeypatch.setattr(standing, "PASSES", PASSES)
    return load_trained(saved(tmp_path / "g", request.param), CPU)


def norms_of(trained: Trained) -> dict[str, nn.BatchNorm2d]:
    modules = trained.sampler.network.named_modules()
    return {name: each for name, each in modules if isinstance(each, nn.BatchNorm2d)}


def images_of(trained: Trained) -> Tensor:
    return next(draw(trained.sampler, 8, seed=0)).images


@torch.inference_mode()
def test_they_are_means_over_batches_of_fresh_noise(trained: Trained) -> None:
    by_hand = copy.deepcopy(trained.sampler)
    replaced = {}
    for name, norm in norms_of(trained).items():
        replaced[name] = ByHand(norm)
        parent, _, last = name.rpartition(".")
        setattr(by_hand.network.get_submodule(parent), last, replaced[name])
    for step in range(PASSES):
        by_hand(**by_hand.draw_inputs(CHUNK, make_rng(CPU, 5, "standing statistics", step)))
    assert take_standing_statistics(trained.sampler, 5)
    assert len(replaced) > 1
    for name, norm in norms_of(trained).items():
        hand = replaced[name]
        assert len(hand.means) == PASSES
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, variance = (torch.stack(each).mean(0) for each in (hand.means, hand.variances))
        torch.testing.assert_close(norm.running_mean.double(), mean, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(norm.running_var.double(), variance, rtol=1e-4, atol=1e-8)


def test_nothing_else_changes(trained: Trained) -> None:
    before = copy.deepcopy(trained.sampler.network.state_dict())
    images = images_of(trained)
    take_standing_statistics(trained.sampler, 5)
    after = trained.sampler.network.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name.rpartition(".")[2] for name in changed} == {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }
    assert not any(module.training for module in trained.sampler.modules())
    assert {norm.momentum for norm in norms_of(trained).values()} == {0.1}
    assert not torch.equal(images_of(trained), images)
    assert torch.equal(images_of(trained), images_of(trained))


def test_they_depend_on_the_weights_and_the_seed_alone(trained: Trained) -> None:
    states = []
    for seed in (5, 5, 6):
        take_standing_statistics(trained.sampler, seed)
        states.append(copy.deepcopy(trained.sampler.network.state_dict()))
        for norm in norms_of(trained).values():
            assert norm.running_mean is not None
            norm.running_mean.fill_(3)
    first, again, other = states
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_a_generator_without_batch_norm_stays_as_it_is(tmp_path: Path) -> None:
    trained = load_trained(saved(tmp_path / "g", "toy_mlp"), CPU)
    before = copy.deepcopy(trained.sampler.network.state_dict())
    assert not take_standing_statistics(trained.sampler, 5)
    after = trained.sampler.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
