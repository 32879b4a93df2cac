from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.games import CPU
from helpers.weights import saved

from ganpipe.core.errors import GanpipeError
from ganpipe.sampling.interpolate import interpolate, slerp
from ganpipe.sampling.trained import Trained, load_trained


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    return load_trained(saved(tmp_path / "generator.safetensors"), CPU)


def test_slerp_follows_the_great_circle() -> None:
    first, last = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    for degrees in (0, 30, 45, 90):
        angle = torch.tensor(degrees).deg2rad()
        expected = 2 * torch.stack([angle.cos(), angle.sin()])[None]
        middle = slerp(first, last, torch.tensor(degrees / 90))
        assert torch.allclose(middle, expected, atol=1e-6)
    assert torch.allclose(slerp(first, first, torch.tensor(0.3)), first)


def test_an_interpolation_begins_and_ends_at_its_ends(trained: Trained) -> None:
    images = interpolate(trained, rows=2, steps=4, seed=0).view(2, 4, 1, 32, 32)
    assert not torch.equal(images[0, 0], images[0, 3])
    again = interpolate(trained, rows=2, steps=2, seed=0).view(2, 2, 1, 32, 32)
    assert torch.equal(images[:, 0], again[:, 0])
    assert torch.equal(images[:, 3], again[:, 1])


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_interpolated_noise_is_noise_that_the_generator_knows(
    trained: Trained, distribution: str
) -> None:
    """Normal noise keeps its length, uniform noise stays in its cube."""
    seen: list[torch.Tensor] = []
    sampler = trained.sampler
    noise = replace(sampler.inputs["z"], distribution=distribution)  # type: ignore[call-arg,type-var]
    sampler.inputs = {"z": noise}
    sampler.network.register_forward_pre_hook(
        lambda _, unnamed, named: seen.append(named["z"]), with_kwargs=True
    )
    interpolate(trained, rows=64, steps=3, seed=0)
    z = torch.cat(seen).view(64, 3, -1)
    middle, ends = z[:, 1], (z[:, 0] + z[:, 2]) / 2
    if distribution == "uniform":
        assert z.abs().max() <= 1
        assert torch.allclose(middle, ends, atol=1e-6)
    else:
        lengths = z.norm(dim=2).mean(0)
        assert lengths[1].item() == pytest.approx(lengths[0].item(), rel=0.1)


def test_a_row_shows_one_class_and_every_class_has_one(tmp_path: Path) -> None:
    sampler = (trained := load_trained(saved(tmp_path / "g", "cgan"), CPU)).sampler
    seen: list[torch.Tensor] = []
    sampler.network.register_forward_pre_hook(
        lambda _, unnamed, named: seen.append(named["label"]), with_kwargs=True
    )
    assert len(interpolate(trained, rows=16, steps=3, seed=0)) == 6
    assert torch.cat(seen).tolist() == [0, 0, 0, 1, 1, 1]


def test_a_broken_generator_is_not_interpolated(trained: Trained) -> None:
    next(trained.sampler.network.parameters()).data.fill_(torch.nan)
    with pytest.raises(GanpipeError, match="NaN or infinity"):
        interpolate(trained, rows=1, steps=2, seed=0)
