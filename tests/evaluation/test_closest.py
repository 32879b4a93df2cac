"""The picture of the generated images that are nearest to training images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganpipe.evaluation import closest
from ganpipe.evaluation.evaluator import Pairs
from ganpipe.evaluation.reference import fixed_order
from ganpipe.evaluation.spool import spooled


@pytest.mark.parametrize("num", [10, 16])
def test_every_generated_image_stands_over_its_neighbour(
    num: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Generated images are 0, 1, 2... throughout, training images 100, 101..."""
    drawn = torch.arange(num, dtype=torch.uint8).view(-1, 1, 1, 1).repeat(1, 1, 8, 8)
    train = np.zeros((48, 1, 8, 8), np.uint8)
    train[fixed_order(48)] += np.arange(100, 148, dtype=np.uint8)[:, None, None, None]
    monkeypatch.setattr(closest, "load_images", lambda *_: train)
    with spooled(drawn.split(7)) as spool:
        picture = closest.closest_pairs(spool, Pairs(list(range(num)), list(range(num))))
    first, below, second, last = picture[:, 0, 0, 0].view(4, 8).tolist()
    white = [255] * (16 - num)
    assert first + second == [*range(num), *white]
    assert below + last == [*range(100, 100 + num), *white]


def test_without_pairs_it_is_blank() -> None:
    with spooled([torch.zeros(2, 1, 8, 8, dtype=torch.uint8)]) as spool:
        assert closest.closest_pairs(spool, None).min() == 255
