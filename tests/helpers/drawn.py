"""What Python draws of a run in a folder, which its page has to show."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import numpy as np
import torch

from ganpipe.core import paths
from ganpipe.export.page.networks import COUNT
from ganpipe.sampling.draw import draw
from ganpipe.sampling.pictures import pictures_for
from ganpipe.sampling.trained import Trained, load_trained

FAR_SEED = 987654321012345  # whose noise no page carries


def trained(folder: Path, way: str = "") -> Trained:
    return load_trained(folder / paths.generator(way), torch.device("cpu"))


def drawn(folder: Path, seed: int, **options: object) -> np.ndarray:
    """The samples of a seed, uint8 (COUNT, h, w, 3): not all grey, where any image would be
    right."""
    [pieces] = draw(trained(folder).sampler, COUNT, seed, **options)  # type: ignore[arg-type]
    images = pieces.images.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()
    assert images.std() > 30
    return images


def translation(folder: Path, way: str, number: int) -> np.ndarray:
    """The translation of a test picture, uint8 (1, h, w, C)."""
    model = trained(folder, way)
    with chdir(folder):
        given = np.asarray(pictures_for(model.sampler).given[number : number + 1])
    return model.translate(given.transpose(0, 2, 3, 1))
