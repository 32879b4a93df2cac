"""A picture of the generated images that are nearest to training images."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images
from ganpipe.evaluation.evaluator import Pairs
from ganpipe.evaluation.reference import fixed_order
from ganpipe.evaluation.spool import Spool

COLUMNS = 8  # images in a row


def closest_pairs(spool: Spool, pairs: Pairs | None) -> Tensor:
    """Rows of 8 generated images, each over the training images that are nearest to them: uint8
    (N, C, H, W), the last two rows filled up with white.

    A single blank where there are too few real images to compare with.
    """
    if pairs is None:
        return torch.full((1, 1, 8, 8), 255, dtype=torch.uint8)
    generated = spool.pick(pairs.generated)
    train = load_images(paths.PREPARED, "train")
    training = torch.from_numpy(train[fixed_order(len(train))[pairs.training]])
    missing = -len(generated) % COLUMNS
    white = torch.full((missing, *generated.shape[1:]), 255, dtype=torch.uint8)
    rows = [torch.cat([images, white]).split(COLUMNS) for images in (generated, training)]
    return torch.cat([row for pair in zip(*rows, strict=True) for row in pair])
