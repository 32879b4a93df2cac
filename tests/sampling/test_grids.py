from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganpipe.sampling.grids import save_grid


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_shows_every_image_in_its_place(tmp_path: Path, channels: int) -> None:
    images = torch.randint(0, 255, (5, channels, 6, 4), dtype=torch.uint8)
    save_grid(tmp_path / "grid.png", images, columns=3)
    picture = np.asarray(Image.open(tmp_path / "grid.png"))
    if channels == 1:
        picture = picture[:, :, None]
    assert picture.shape == (2 * 8 + 2, 3 * 6 + 2, channels)
    for index, image in enumerate(images.permute(0, 2, 3, 1).numpy()):
        y, x = 2 + (index // 3) * 8, 2 + (index % 3) * 6
        assert np.array_equal(picture[y : y + 6, x : x + 4], image)
    assert (picture[10:, 14:] == 255).all()  # the empty place
