"""Grids of translators: what is given, what becomes of it and, where it is known, the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.translated import source, translator, write_images, write_sets

from ganpipe.core import paths
from ganpipe.sampling.fixed import fixed_grid


@pytest.fixture(autouse=True)
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The prepared test images, of noise, whose folder is the current one."""
    monkeypatch.chdir(tmp_path)
    return write_images()


def test_the_truth_stands_below_the_translation(truth: np.ndarray) -> None:
    source(kind="inverted")
    sampler = translator().sampler
    found = fixed_grid(sampler, rows=8, columns=3, seed=0).images(sampler).numpy()
    rows = [255 - truth[:3], truth[:3], truth[:3], 255 - truth[3:6], truth[3:6], truth[3:6]]
    assert np.array_equal(found, np.concatenate(rows))


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_two_sets_without_pairs_show_none(truth: np.ndarray, direction: str) -> None:
    """Fewer sources than targets, and fewer than the grid has places: filled up with white."""
    write_sets(paired=False, train=4, test=5)
    source(kind="folder", paired=False)
    sampler = translator(direction).sampler
    found = fixed_grid(sampler, rows=4, columns=3, seed=0).images(sampler).numpy()
    given = truth if direction == "b_to_a" else np.load(paths.SOURCE / "test_source.npy")
    given = given[:6]
    white = np.full((6 - len(given), 1, 8, 8), 255, np.uint8)
    shown, made = (np.concatenate([part, white]) for part in (given, 255 - given))
    assert np.array_equal(found, np.concatenate([shown[:3], made[:3], shown[3:], made[3:]]))
