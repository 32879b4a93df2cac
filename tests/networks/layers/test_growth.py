"""The schedule by which a network grows, and resampling by whole factors."""

from __future__ import annotations

import pytest
import torch

from ganpipe.networks.layers.growth import Growth, enlarged, shrunk


@pytest.mark.parametrize(
    ("progress", "position"),
    [
        (0.0, 0),
        (0.0999, 0),  # the base is trained
        (0.15, 0.5),  # level 1 is faded in
        (0.1999, 0.999),
        (0.25, 1),  # and trained
        (0.31, 1.1),
        (0.45, 2),
        (0.55, 2.5),
        (0.6, 3),
        (0.99, 3),
    ],
)
def test_six_phases_of_equal_length_bring_a_network_of_four_sizes_to_its_end(
    progress: float, position: float
) -> None:
    assert Growth(4, 0.6).position_at(progress) == pytest.approx(position, abs=1e-9)


def test_a_new_level_is_said_once() -> None:
    growth = Growth(3, 0.8)  # phases of a fifth
    said = [growth.advance(step / 100) for step in range(100)]
    assert [step for step, new in enumerate(said) if new] == [21, 61]
    assert growth.position == 2


def test_a_long_step_may_skip_phases() -> None:
    growth = Growth(4, 0.5)
    assert growth.advance(0.9)
    assert growth.moment() == (3, 1)


def test_a_network_that_does_not_grow_is_whole_from_the_start() -> None:
    growth = Growth(4, 0.0)
    assert growth.moment() == (3, 1)
    assert not growth.advance(0.0)
    assert growth.moment() == (3, 1)


@pytest.mark.parametrize(
    ("position", "moment"), [(0.0, (0, 1)), (0.25, (1, 0.25)), (1.0, (1, 1)), (1.75, (2, 0.75))]
)
def test_a_moment_is_a_level_and_its_share(position: float, moment: tuple[int, float]) -> None:
    growth = Growth(3, 1.0)
    growth.position.fill_(position)
    assert growth.moment() == moment


def test_the_position_is_saved() -> None:
    growth, other = Growth(4, 0.5), Growth(4, 0.5)
    growth.advance(0.2)
    other.load_state_dict(growth.state_dict())
    assert other.moment() == growth.moment()
    assert growth.state_dict().keys() == {"position"}


def test_squares_of_pixels_are_averaged_and_repeated() -> None:
    images = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    small = shrunk(images, 2)
    for row in range(2):
        for column in range(2):
            square = images[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            assert torch.allclose(small[:, :, row, column], square.flatten(2).mean(2), atol=1e-6)
    large = enlarged(small, 8)
    assert all(
        large[..., y, x].equal(small[..., y // 4, x // 4]) for y in range(8) for x in range(8)
    )
    assert shrunk(images, 8) is images
    assert enlarged(images, 8) is images
