from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.games import CPU
from helpers.weights import saved
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.batches import to_unit_range
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.sampling.draw import CHUNK, draw, fixed_inputs, to_uint8
from ganpipe.sampling.trained import Trained, load_trained


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    return load_trained(saved(tmp_path / "generator.safetensors"), CPU)


def images_of(trained: Trained, num: int, seed: int, label: int | None = None) -> Tensor:
    return torch.cat([drawn.images for drawn in draw(trained.sampler, num, seed, label=label)])


def test_every_grey_value_survives_the_round_trip() -> None:
    values = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    there = to_unit_range(values)
    assert (there.min().item(), there.max().item()) == (-1, 1)
    assert torch.equal(to_uint8(there), values)


def test_uint8_is_rounded_not_cut() -> None:
    images = torch.tensor([-1.0, -0.0001, 1.0, 0.9981, 1.2]).view(1, 1, 1, 5)
    assert to_uint8(images).flatten().tolist() == [0, 127, 255, 255, 255]


def test_a_broken_generator_draws_nothing(trained: Trained) -> None:
    """In place of black images, which would be judged."""
    next(trained.sampler.network.parameters()).data.fill_(torch.nan)
    with pytest.raises(GanpipeError, match="NaN or infinity"):
        next(draw(trained.sampler, 2, seed=0))
    with pytest.raises(GanpipeError, match="NaN or infinity"):
        to_uint8(torch.tensor([[[[torch.inf]]]]))


def test_an_image_does_not_depend_on_how_many_are_drawn(trained: Trained) -> None:
    few = images_of(trained, 3, seed=1)
    many = images_of(trained, CHUNK + 2, seed=1)
    assert few.dtype == torch.uint8
    assert many.shape == (CHUNK + 2, 1, 32, 32)
    assert torch.equal(few, many[:3])
    assert not torch.equal(many[0], many[CHUNK])
    assert not torch.equal(few, images_of(trained, 3, seed=2))


def test_padding_is_undone(tmp_path: Path) -> None:
    spec = DataSpec("mnist", Domain(1, 28, 32), 48, 12)
    trained = load_trained(saved(tmp_path / "g", spec=spec), CPU)
    assert next(draw(trained.sampler, 2, seed=0)).images.shape == (2, 1, 28, 28)
    inputs = fixed_inputs(trained.sampler, 1, 2, seed=0)
    whole = trained.sampler.network(**inputs)
    assert torch.equal(trained.sampler(**inputs), whole[:, :, 2:30, 2:30])


def test_a_conditional_generator_draws_what_it_is_asked_for(tmp_path: Path) -> None:
    trained = load_trained(saved(tmp_path / "g", "cgan"), CPU)
    num = CHUNK + 5
    images = images_of(trained, num, seed=1)
    found = [drawn.label for drawn in draw(trained.sampler, num, seed=1)]
    labels = torch.cat([label for label in found if label is not None])
    assert len(labels) == num
    assert labels.unique().tolist() == [0, 1]
    for label in (0, 1):
        only = images_of(trained, num, seed=1, label=label)
        told = [drawn.label for drawn in draw(trained.sampler, num, seed=1, label=label)]
        assert all(each is not None and (each == label).all() for each in told)
        right = labels == label
        assert torch.equal(only[right], images[right])
        assert not any(torch.equal(a, b) for a, b in zip(only[~right], images[~right], strict=True))


def test_other_generators_have_no_labels(trained: Trained) -> None:
    assert all(drawn.label is None for drawn in draw(trained.sampler, 3, seed=1))
    grid = fixed_inputs(trained.sampler, 3, 5, seed=0)
    assert {name: len(value) for name, value in grid.items()} == {"z": 15}


@pytest.mark.parametrize("classes", [2, 20, 23])
def test_a_grid_shows_a_class_in_each_row(tmp_path: Path, classes: int) -> None:
    names = tuple(map(str, range(classes)))
    spec = DataSpec("folder", Domain(1, 32, 32, names), 48, 12)
    sampler = load_trained(saved(tmp_path / "g", "cgan", spec=spec), CPU).sampler
    grid = fixed_inputs(sampler, 8, 3, seed=0)
    rows = min(classes, 20)
    assert grid["label"].view(rows, 3).tolist() == [[row] * 3 for row in range(rows)]
    assert len(grid["z"].unique(dim=0)) == 3 * rows
