"""Batches with pictures to translate from: pairs stay pairs, and other sides are shuffled apart."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.batches import Batches

CPU = torch.device("cpu")


def numbered(count: int, start: int = 0) -> torch.Tensor:
    """Images each of whose pixels is the image's number."""
    return (
        torch.arange(start, start + count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    )


def batches(images: torch.Tensor, sources: torch.Tensor | None, **how: Any) -> Batches:
    labels = torch.arange(len(images)) + 100
    given = {"batch_size": 4, "seed": 5, "device": CPU} | how
    return Batches(images, labels, sources=sources, **given)


def numbers(images: torch.Tensor | None) -> list[int]:
    assert images is not None
    return [round((float(image.mean()) + 1) * 127.5) for image in images]


def test_a_pair_stays_a_pair() -> None:
    data = batches(numbered(11), numbered(11, 50), padding=1)
    assert data.per_epoch == 2
    for index in range(6):
        batch = data.at(index)
        assert [number + 50 for number in middle(batch.real)] == numbers(batch.source)
        assert batch.label is not None
        assert batch.label.tolist() == [number + 100 for number in middle(batch.real)]


def middle(images: torch.Tensor) -> list[int]:
    return numbers(images[:, :, 1:-1, 1:-1])


def test_sources_move_no_real_image() -> None:
    plain = batches(numbered(11), None)
    for data in (
        batches(numbered(11), numbered(11, 50)),
        batches(numbered(11), numbered(8, 50), paired=False),
    ):
        for index in (0, 1, 5):
            assert torch.equal(data.at(index).real, plain.at(index).real)


def test_unpaired_sides_have_orders_of_their_own() -> None:
    data = batches(numbered(12), numbered(12, 50), paired=False)
    epochs = []
    for epoch in range(2):
        found = [data.at(3 * epoch + step) for step in range(3)]
        real = [number for batch in found for number in numbers(batch.real)]
        source = [number for batch in found for number in numbers(batch.source)]
        assert sorted(real) == list(range(12))
        assert sorted(source) == list(range(50, 62))
        assert source != [number + 50 for number in real]
        epochs.append(source)
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize(("targets", "sources"), [(12, 5), (5, 12)])
def test_an_epoch_is_a_pass_of_the_larger_side(targets: int, sources: int) -> None:
    data = batches(numbered(targets), numbered(sources, 50), paired=False)
    assert data.per_epoch == 3
    found = [data.at(index) for index in range(3)]
    sides = {
        targets: [n for batch in found for n in numbers(batch.real)],
        sources: [n for batch in found for n in numbers(batch.source)],
    }
    assert len(set(sides[12])) == 12
    assert len(sides[5]) == 12
    for start in (0, 4, 8):  # a pass of the smaller side is a batch: no image twice
        assert len(set(sides[5][start : start + 4])) == 4


def test_rows_choose_the_images_and_their_labels() -> None:
    rows = torch.tensor([1, 3, 4, 8, 9])
    data = batches(numbered(10), numbered(5, 50), paired=False, rows=rows)
    assert data.per_epoch == 1
    seen = set()
    for index in range(8):
        batch = data.at(index)
        assert batch.label is not None
        assert batch.label.tolist() == [number + 100 for number in numbers(batch.real)]
        seen |= set(numbers(batch.real))
    assert seen == set(rows.tolist())


def test_a_side_that_fills_no_batch_is_named() -> None:
    with pytest.raises(GanpipeError, match="only 3 source images; set it to 3 or less"):
        batches(numbered(10), numbered(3), paired=False)
    with pytest.raises(GanpipeError, match="only 2 training images"):
        batches(numbered(10), numbered(5), paired=False, rows=torch.tensor([1, 2]))


def test_the_same_seed_gives_the_same_batches() -> None:
    first, again, other = (
        batches(numbered(12), numbered(12, 50), paired=False, seed=seed).at(4) for seed in (1, 1, 2)
    )
    assert numbers(first.source) == numbers(again.source)
    assert numbers(first.source) != numbers(other.source)
