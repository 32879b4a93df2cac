"""The pool of generated images against the program of the paper, image by image."""

from __future__ import annotations

import pytest
import torch
from helpers.games import rng
from torch import Tensor

from ganpipe.methods.image_pool import ImagePool

SHAPE = (1, 2, 2)


def naive(pool: list[Tensor], size: int, image: Tensor, swap: bool, place: int) -> Tensor:
    """One query: the pool fills up, then half of the time an old image goes out."""
    if len(pool) < size:
        pool.append(image)
        return image
    if swap:
        old = pool[place]
        pool[place] = image
        return old
    return image


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_a_pool_is_the_papers(batch: int) -> None:
    size, kept = 5, []
    pool = ImagePool(size, SHAPE)
    for step in range(20):
        new = torch.rand(batch, *SHAPE, generator=rng(step))
        draws = rng(100 + step)
        swaps = torch.rand(batch, generator=draws) < 0.5
        places = torch.randint(size, (batch,), generator=draws)
        drawn = zip(new, swaps.tolist(), places.tolist(), strict=True)
        expected = [naive(kept, size, *each) for each in drawn]
        seen = pool.exchange(new, rng(100 + step))
        assert torch.equal(seen, torch.stack(expected))
        assert int(pool.count) == len(kept)
        assert torch.equal(pool.images[: len(kept)], torch.stack(kept))


def test_half_of_the_images_come_from_a_full_pool() -> None:
    pool = ImagePool(50, SHAPE)
    pool.exchange(torch.zeros(50, *SHAPE), rng())
    old = [pool.exchange(torch.full((10, *SHAPE), k + 2.0), rng(k)) != k + 2 for k in range(200)]
    assert torch.cat(old).float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_what_is_seen_is_no_view_of_the_pool() -> None:
    pool = ImagePool(2, SHAPE)
    pool.exchange(torch.zeros(2, *SHAPE), rng())
    seen = pool.exchange(torch.ones(8, *SHAPE), rng())
    before = seen.clone()
    pool.exchange(torch.full((8, *SHAPE), 2.0), rng(1))
    assert torch.equal(seen, before)


def test_an_empty_pool_shows_the_newest() -> None:
    new = torch.rand(3, *SHAPE)
    assert torch.equal(ImagePool(0, SHAPE).exchange(new, rng()), new)
