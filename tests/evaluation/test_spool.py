"""Images on disk are read as they came."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ganpipe.evaluation.spool import spooled


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_pieces_come_back_in_the_same_lengths_any_number_of_times(place: Path) -> None:
    images = torch.arange(11 * 3 * 4 * 5).to(torch.uint8).view(11, 3, 4, 5)
    lengths = [4, 1, 6]
    with spooled(images.split(lengths)) as spool:
        for _ in range(2):
            found = list(spool.pieces())
            assert [len(piece) for piece in found] == lengths
            assert torch.equal(torch.cat(found), images)
        assert torch.equal(spool.pick([7, 2, 7]), images[[7, 2, 7]])
    assert list(place.iterdir()) == []


def test_each_piece_is_taken_once_before_anything_is_read(place: Path) -> None:
    taken = []

    def stream() -> Iterator[torch.Tensor]:
        for index in range(3):
            taken.append(index)
            yield torch.full((2, 1, 2, 2), index, dtype=torch.uint8)

    with spooled(stream()) as spool:
        assert taken == [0, 1, 2]
        assert len(list(spool.pieces())) == len(list(spool.pieces())) == 3
    assert taken == [0, 1, 2]


def test_a_stream_that_breaks_leaves_no_file(place: Path) -> None:
    def stream() -> Iterator[torch.Tensor]:
        yield torch.zeros(2, 1, 2, 2, dtype=torch.uint8)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"), spooled(stream()):
        pass
    assert list(place.iterdir()) == []
