"""The picture of the generated images that are nearest to training images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from helpers.support import spec_of

from ganpipe.evaluation import checkpoints
from ganpipe.evaluation.evaluator import Measured, Pairs
from ganpipe.evaluation.reference import fixed_order


@pytest.mark.parametrize("num", [10, 16])
def test_every_generated_image_stands_over_its_neighbour(
    num: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Generated images are 0, 1, 2... throughout, training images 100, 101..."""
    spec = spec_of(image_size=8, num_train=48)
    drawn = torch.arange(num, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)
    train = np.zeros((48, 1, 8, 8), np.uint8)
    train[fixed_order(48)] += np.arange(100, 148, dtype=np.uint8)[:, None, None, None]
    monkeypatch.setattr(checkpoints, "draw", lambda *_: [drawn])
    monkeypatch.setattr(checkpoints, "load_spec", lambda _: spec)
    monkeypatch.setattr(checkpoints, "load_images", lambda *_: train)
    closest = Pairs(list(range(num)), list(range(num)))
    trained: Any = type("Trained", (), {"seed": 0})
    picture = checkpoints.closest_pairs(trained, num, Measured({}, closest))
    first, below, second, last = picture[:, 0, 0, 0].view(4, 8).tolist()
    white = [255] * (16 - num)
    assert first + second == [*range(num), *white]
    assert below + last == [*range(100, 100 + num), *white]
