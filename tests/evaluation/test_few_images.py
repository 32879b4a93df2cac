"""Figures of few images: refused, left out, or warned about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.toy_evaluation import metrics_of, toy_reference
from helpers.toy_extractor import draw

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.evaluator import warn_if_small
from ganpipe.evaluation.reference import Reference, load_reference, save_reference


@pytest.mark.parametrize("num", [0, 1])
def test_too_few_images_are_refused(reference: Reference, num: int) -> None:
    with pytest.raises(GanpipeError, match=f"{num} images cannot be evaluated"):
        metrics_of(draw(2, 0)[:num], reference)


NEIGHBOURS = {f"{name}_classifier" for name in ("precision", "recall", "density", "coverage")}


def test_two_images_are_enough(reference: Reference) -> None:
    figures = metrics_of(draw(2, 0), reference)
    assert figures["fid_classifier"] > 0
    assert "fid_classifier_std" not in figures  # nothing can be left out


@pytest.mark.parametrize(("generated", "kept"), [(5, 300), (300, 5)])
def test_figures_of_neighbours_are_left_out_where_images_are_few(
    reference: Reference, capsys: pytest.CaptureFixture[str], generated: int, kept: int
) -> None:
    """In place of figures of the same names with fewer neighbours."""
    figures = metrics_of(draw(generated, 2), reference, max_features=kept)
    assert not NEIGHBOURS & figures.keys()
    assert "kid_classifier" in figures
    said = capsys.readouterr().err
    assert "need the features of 6 images a side; of 5 generated and 300 real ones" in said
    assert metrics_of(draw(6, 2), reference).keys() > NEIGHBOURS
    assert "images a side" not in capsys.readouterr().err


def test_a_reference_of_few_images_has_no_figures_of_neighbours(
    real: dict[str, np.ndarray], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for num in (5, 6):
        few = toy_reference(real, num_reference=num)
        save_reference(tmp_path / "few.npz", few)
        figures = metrics_of(draw(300, 2), load_reference(tmp_path / "few.npz"))
        assert (figures.keys() >= NEIGHBOURS) == (num == 6)
        assert ("of 300 generated and 5 real ones" in capsys.readouterr().err) == (num == 5)


def test_few_images_are_warned_about(capsys: pytest.CaptureFixture[str]) -> None:
    warn_if_small(2048, 5000)
    assert capsys.readouterr().err == ""
    warn_if_small(2047, 5000)
    assert "FID of 2047 generated images is mostly bias" in capsys.readouterr().err
    warn_if_small(5000, 2047)
    assert "FID of 2047 real images is mostly bias" in capsys.readouterr().err


def test_a_floor_of_fewer_images_is_warned_about(
    reference: Reference, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics_of(draw(300, 2), reference)
    assert "the floor" not in capsys.readouterr().err
    metrics_of(draw(301, 2), reference)
    said = "the floor is of 300 held-out images, and FID of 301 may come out below it"
    assert capsys.readouterr().err.count(said) == 1


def test_copies_that_go_unnoticed_are_warned_about(
    real: dict[str, np.ndarray], reference: Reference, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics_of(draw(300, 2), reference)
    assert "copies" not in capsys.readouterr().err
    some = toy_reference(real, max_searched=499)
    metrics_of(draw(300, 2), some)
    assert "copies are looked for among 499 of 500 training images" in capsys.readouterr().err
