"""Classes that are kept and the domain of the way back, against plain arithmetic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.evaluated import distance
from helpers.toy_extractor import TOY
from helpers.translated import (
    TEST,
    TRAIN,
    Channels,
    figures,
    source,
    toy_evaluator,
    translator,
    write_sets,
)

from ganpipe.core import paths
from ganpipe.data.loading import sources
from ganpipe.evaluation.reference import fixed_order
from ganpipe.evaluation.translation import about_translation

LUMA = np.array([0.299, 0.587, 0.114])[:, None, None]


def seen(images: np.ndarray) -> Any:
    with torch.inference_mode():
        return TOY.network(torch.from_numpy(np.ascontiguousarray(images)))


def share_of_class(images: np.ndarray) -> float:
    """In which the extractor sees the class that the image of its row has."""
    classes = seen(images).logits.argmax(1).numpy()
    return float((classes == np.arange(len(images)) % 2).mean())


@pytest.fixture
def back(truth: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """A way back beside the way there, which loads as the negative of its pictures."""
    Path("g_b_to_a.safetensors").touch()
    monkeypatch.setattr(
        "ganpipe.evaluation.translation.load_trained", lambda *_: translator("b_to_a")
    )


def test_classes_are_those_of_the_pictures_with_and_without_translation(truth: np.ndarray) -> None:
    source(kind="inverted")
    found = figures(translator(), by=[toy_evaluator()])
    assert found["class_kept"] == pytest.approx(share_of_class(truth))  # a perfect translator
    assert found["class_kept_unchanged"] == pytest.approx(share_of_class(255 - truth))
    assert found["class_kept"] != found["class_kept_unchanged"]
    assert not [name for name in found if "fid" in name]


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.usefixtures("back")
def test_the_way_back_is_compared_with_real_sources(truth: np.ndarray, paired: bool) -> None:
    """With all that the training saw: of unpaired ones, that is a half."""
    source(kind="thick", paired=paired)
    found = figures(translator(), by=[toy_evaluator()])
    real = np.load(paths.SOURCE / "train_source.npy")
    assert len(real) == (TRAIN if paired else TRAIN // 2)
    made = 255 - truth
    expected = distance(seen(made).features, seen(real).features)
    assert found["fid_classifier_b_to_a"] == pytest.approx(expected, rel=1e-4)
    held_out = np.load(paths.SOURCE / "test_source.npy")
    floor = distance(seen(held_out).features, seen(real).features)
    assert found["fid_classifier_floor_b_to_a"] == pytest.approx(floor, rel=1e-4)
    assert found["class_kept_b_to_a"] == pytest.approx(share_of_class(made))
    assert found["class_kept_unchanged_b_to_a"] == pytest.approx(share_of_class(truth))
    record = about_translation(Path("g.safetensors"), translator().sampler, [toy_evaluator()])
    assert record["way_back"] == {
        "classifier": {
            "split": "train",
            "num_real": len(real),
            "num_floor": len(held_out),
            "channels": 1,
        }
    }


@pytest.mark.usefixtures("back")
def test_as_many_real_sources_are_taken_as_real_targets(truth: np.ndarray) -> None:
    source(kind="thick")
    evaluator = toy_evaluator()
    five = replace(evaluator.reference.gaussian, num=5)
    evaluator = replace(evaluator, reference=replace(evaluator.reference, gaussian=five))
    real = np.load(paths.SOURCE / "train_source.npy")[fixed_order(TRAIN)[:5]]
    expected = distance(seen(255 - truth).features, seen(real).features)
    found = figures(translator(), by=[evaluator])["fid_classifier_b_to_a"]
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_classifier_of_grey_targets_sees_coloured_sources_by_their_luma(
    truth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    source(kind="coloured")
    Path("g_b_to_a.safetensors").touch()
    black = translator("b_to_a", Channels(3))
    monkeypatch.setattr("ganpipe.evaluation.translation.load_trained", lambda *_: black)
    found = figures(translator(network=Channels(1)), by=[toy_evaluator()])
    test, train = (np.load(paths.SOURCE / f"{split}_source.npy") for split in ("test", "train"))
    as_grey = [
        np.rint((images * LUMA).sum(1, keepdims=True)).astype(np.uint8) for images in (test, train)
    ]
    assert found["class_kept_unchanged"] == pytest.approx(share_of_class(as_grey[0]))
    expected = distance(seen(np.zeros_like(truth)).features, seen(as_grey[1]).features)
    assert found["fid_classifier_b_to_a"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.usefixtures("back")
def test_of_two_sets_without_pairs_nothing_is_said_of_pairs() -> None:
    """Sets of other sizes, in the test split, too: the distances to a truth and kept classes go."""
    write_sets(paired=False, train=9, test=4)
    source(kind="folder", paired=False)
    assert not sources.has_truth(paths.SOURCE)
    found = figures(translator(), by=[toy_evaluator(4)])
    fids = {"fid_classifier_b_to_a", "fid_classifier_floor_b_to_a"}
    assert found.keys() == {"cycle_l1", "cycle_l1_b_to_a", *fids}
    assert found["cycle_l1"] == found["cycle_l1_b_to_a"] == 0
    record = about_translation(Path("g.safetensors"), translator().sampler, [])
    assert record["truth"] == "not known"
    assert TEST > 4
