"""The pictures of the stage `sample`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.support import spec_of
from helpers.weights import saved
from PIL import Image

from ganpipe.core import paths
from ganpipe.data.loading.arrays import images_path, labels_path, spec_path
from ganpipe.runtime.device import set_deterministic
from ganpipe.sampling.run import FILM_STEPS, sample

STEP = 32 + 2  # pixels from one image of a grid to the next


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Prepared images in the current folder; image i is of the grey i, 0 and 5 are of class 0."""
    monkeypatch.chdir(tmp_path)
    spec = spec_of()
    labels = np.ones(spec.num_train, dtype=np.int64)
    labels[[0, 5]] = 0
    greys = np.arange(spec.num_train, dtype=np.uint8).reshape(-1, 1, 1, 1)
    paths.PREPARED.mkdir(parents=True)
    spec_path(paths.PREPARED).write_text(json.dumps(spec.to_dict()))
    np.save(images_path(paths.PREPARED, "train"), greys.repeat(32, 2).repeat(32, 3))
    np.save(labels_path(paths.PREPARED, "train"), labels)
    paths.PROGRESS.mkdir(parents=True)
    Image.new("L", (4, 2)).save(paths.progress_grid(0))
    yield
    set_deterministic(False)


def greys_of(path: Path) -> list[list[int]]:
    """The grey of the first pixel of each image of a grid, row by row."""
    return np.asarray(Image.open(path))[2::STEP, 2::STEP].tolist()


def shape_of(path: Path) -> tuple[int, int]:
    """The images in a column and in a row of a grid."""
    width, height = Image.open(path).size
    return height // STEP, width // STEP


@pytest.mark.usefixtures("images")
def test_a_grid_has_the_shape_that_is_asked_for() -> None:
    saved(paths.GENERATOR)
    sample(rows=2, columns=4, interpolation_steps=5)
    assert shape_of(paths.FIXED_NOISE_GRID) == (2, 4)
    assert shape_of(paths.INTERPOLATION) == (2, 5)
    assert greys_of(paths.REAL_GRID) == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.usefixtures("images")
def test_a_film_moves_along_the_interpolation() -> None:
    saved(paths.GENERATOR)
    sample(rows=6, columns=4, interpolation_steps=2)
    with Image.open(paths.INTERPOLATION_GIF) as film:
        assert film.n_frames == 2 * FILM_STEPS - 2
        first = np.asarray(film.convert("L"))
        film.seek(FILM_STEPS - 1)
        last = np.asarray(film.convert("L"))
    ends = np.asarray(Image.open(paths.INTERPOLATION))  # six rows of two images
    assert first.shape == (2 * STEP + 2, 3 * STEP + 2)
    for index in range(6):
        y, x, row = index // 3 * STEP + 2, index % 3 * STEP + 2, index * STEP + 2
        assert np.array_equal(first[y : y + 32, x : x + 32], ends[row : row + 32, 2:34])
        assert np.array_equal(last[y : y + 32, x : x + 32], ends[row : row + 32, 36:68])
    assert Image.open(paths.PROGRESS_WEBP).size == (4, 2)


@pytest.mark.usefixtures("images")
def test_a_row_of_a_conditional_model_shows_one_class() -> None:
    saved(paths.GENERATOR, "cgan")
    sample(rows=5, columns=3, interpolation_steps=4)
    assert shape_of(paths.FIXED_NOISE_GRID) == (2, 3)
    assert shape_of(paths.INTERPOLATION) == (2, 4)
    assert greys_of(paths.REAL_GRID) == [[0, 5, 255], [1, 2, 3]]
