"""All metrics together: every one moves the way its paper says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from helpers.support import SHIPPED
from helpers.toy_evaluation import metrics_of, toy_evaluator, toy_reference
from helpers.toy_extractor import CLASSES, SIDE, TOY, draw

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.evaluator import curve_point, fid_alone, measure
from ganpipe.evaluation.open import project_evaluator
from ganpipe.evaluation.reference import Reference, fixed_order
from ganpipe.evaluation.statistics import collect


def test_a_good_generator_is_as_near_as_held_out_images(good: dict[str, Any]) -> None:
    assert good["fid_classifier"] < 3 * good["fid_classifier_floor"]
    assert abs(good["kid_classifier"]) < 0.002
    assert good["precision_classifier"] > 0.8
    assert good["recall_classifier"] > 0.8
    assert good["density_classifier"] == pytest.approx(1, abs=0.2)
    assert good["coverage_classifier"] > 0.8
    assert good["classes_covered"] == CLASSES
    assert good["class_kl"] < 0.02
    assert good["closer_than_test_classifier"] == pytest.approx(0.5, abs=0.12)


def test_a_collapsed_generator_moves_every_figure(
    good: dict[str, Any], reference: Reference
) -> None:
    """One realistic image with little variation: all real, and little of what there is."""
    one = draw(1, 3).astype(float) + np.random.default_rng(0).normal(0, 2, (300, 1, SIDE, SIDE))
    bad = metrics_of(one.clip(0, 255).astype(np.uint8), reference)
    assert bad["fid_classifier"] > 10 * good["fid_classifier"]
    assert bad["kid_classifier"] > 10 * abs(good["kid_classifier"])
    assert bad["recall_classifier"] < 0.1
    assert bad["coverage_classifier"] < 0.2
    assert bad["score_classifier"] < 1.2 < 2 < good["score_classifier"]
    assert bad["classes_covered"] == 1
    assert bad["class_kl"] == pytest.approx(np.log(CLASSES))


def test_half_of_the_classes_keeps_precision_and_loses_the_rest(
    good: dict[str, Any], reference: Reference
) -> None:
    half = metrics_of(draw(300, 4, classes=2), reference)
    assert half["precision_classifier"] > 0.8
    assert half["recall_classifier"] < good["recall_classifier"] - 0.2
    assert half["coverage_classifier"] < 0.7
    assert half["classes_covered"] == 2
    assert half["class_kl"] == pytest.approx(np.log(2), abs=0.01)


def test_noise_loses_precision_and_density(reference: Reference) -> None:
    rng = np.random.default_rng(5)
    noise = metrics_of(rng.integers(0, 256, (300, 1, SIDE, SIDE), dtype=np.uint8), reference)
    assert noise["precision_classifier"] < 0.1
    assert noise["density_classifier"] < 0.1


def test_copies_are_found(real: dict[str, np.ndarray], reference: Reference) -> None:
    copies = real["train"][100:400]
    measured = measure(toy_evaluator(reference, 300), [torch.from_numpy(copies)])
    assert measured.metrics["closer_than_test_classifier"] == 1
    assert measured.closest is not None
    training = real["train"][fixed_order(500)[measured.closest.training]]
    assert np.array_equal(copies[measured.closest.generated], training)


def test_a_constant_generator_gets_finite_poor_metrics(reference: Reference) -> None:
    constant = metrics_of(np.zeros((300, 1, SIDE, SIDE), np.uint8), reference)
    expected = reference.gaussian.mu @ reference.gaussian.mu + np.trace(reference.gaussian.sigma)
    assert constant["fid_classifier"] == pytest.approx(expected)
    assert constant["score_classifier"] == pytest.approx(1)
    assert constant["precision_classifier"] == constant["recall_classifier"] == 0
    assert np.isfinite(list(constant.values())).all()


def test_spread_of_fid_is_that_of_fresh_draws(reference: Reference) -> None:
    figures = [metrics_of(draw(300, 100 + seed), reference) for seed in range(30)]
    observed = np.std([each["fid_classifier"] for each in figures])
    said = np.mean([each["fid_classifier_std"] for each in figures])
    assert observed / 2 < said < observed * 2


def test_fid_infinity_is_below_fid_and_nearer_to_many_images(reference: Reference) -> None:
    many = metrics_of(draw(6000, 7), reference)["fid_classifier"]
    few = [metrics_of(draw(300, 200 + s), reference, fid_infinity=True) for s in range(10)]
    plain = np.mean([each["fid_classifier"] for each in few])
    infinite = np.mean([each["fid_infinity_classifier"] for each in few])
    assert infinite < plain
    assert abs(infinite - many) < abs(plain - many)


def test_fid_infinity_of_few_images_is_refused_before_they_are_drawn(reference: Reference) -> None:
    """The features are 12 wide, the smallest subset has three tenths of the images."""
    toy_evaluator(reference, 44, fid_infinity=True)
    with pytest.raises(GanpipeError, match="FID of 40 images and 12 features"):
        toy_evaluator(reference, 40, fid_infinity=True)


def test_the_stages_name_the_parameters_where_fid_infinity_has_few_images(
    reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganpipe.evaluation.open.project_extractor", lambda *_: TOY)
    monkeypatch.setattr("ganpipe.evaluation.open.load_reference", lambda _: reference)
    few = project_evaluator(
        SHIPPED.evaluate,
        "classifier",
        torch.device("cpu"),
        num=40,
        max_features=40,
        fid_infinity=True,
    )
    said = r"or more \(evaluate.num_generated\), or do without \(evaluate.fid_infinity: false\)"
    with pytest.raises(GanpipeError, match=said), few:
        pass


@pytest.mark.parametrize(
    ("field", "command"),
    [
        ("precision", "dvc exp run -S evaluate.precision=bf16 reference"),
        ("weights", "dvc repro -s -f reference"),
    ],
)
def test_statistics_of_another_extractor_are_made_again_as_they_should_be(
    reference: Reference, field: str, command: str
) -> None:
    made = replace(reference, protocol={field: "fp32"})
    extractor = replace(TOY, protocol={**TOY.protocol, field: "bf16"})
    with pytest.raises(GanpipeError, match=f"{field}: fp32, not bf16.*`{command}` those of the"):
        toy_evaluator(made, 40, extractor=extractor)


def test_the_same_images_give_the_same_figures(reference: Reference) -> None:
    assert metrics_of(draw(300, 2), reference) == metrics_of(draw(300, 2), reference)


def test_the_curve_and_fid_alone_have_the_values_of_all_metrics(
    reference: Reference, good: dict[str, Any]
) -> None:
    point = curve_point(toy_evaluator(reference, 300), [torch.from_numpy(draw(300, 2))])
    assert point == pytest.approx(
        {name: good[name] for name in ("fid_classifier", "kid_classifier")}
    )
    alone = fid_alone(toy_evaluator(reference, 300), [torch.from_numpy(draw(300, 2))])
    assert alone.metrics == pytest.approx(
        {name: good[name] for name in ("fid_classifier", "fid_classifier_floor")}
    )


def test_class_shares_are_apart_from_the_metrics(reference: Reference) -> None:
    images = torch.from_numpy(draw(300, 4, classes=2))
    measured = measure(toy_evaluator(reference, 300), [images])
    assert measured.class_share == pytest.approx({"a": 0.5, "b": 0.5, "c": 0, "d": 0}, abs=0.1)
    assert measured.predicted is not None
    assert measured.predicted.bincount(minlength=4).div(300).tolist() == pytest.approx(
        list(measured.class_share.values())
    )
    assert all(isinstance(value, int | float) for value in measured.metrics.values())


def test_the_name_of_the_score_is_the_extractors(
    reference: Reference, good: dict[str, Any]
) -> None:
    other = metrics_of(
        draw(300, 2), reference, extractor=replace(TOY, score="inception_score", suffix="")
    )
    assert other["inception_score"] == good["score_classifier"]
    assert other["inception_score_std"] == good["score_classifier_std"]


def test_a_curve_needs_features_to_compare_with(reference: Reference) -> None:
    evaluator = toy_evaluator(Reference(reference.gaussian, {}), 300)
    with pytest.raises(GanpipeError, match="hold no features for KID"):
        curve_point(evaluator, [torch.from_numpy(draw(300, 2))])


def test_statistics_alone_give_what_they_can(reference: Reference, good: dict[str, Any]) -> None:
    figures = metrics_of(draw(300, 2), Reference(reference.gaussian, {}))
    assert figures["fid_classifier"] == good["fid_classifier"]
    assert {"fid_classifier_floor", "kid_classifier", "recall_classifier"}.isdisjoint(figures)


def test_the_other_split_can_be_the_reference(real: dict[str, np.ndarray]) -> None:
    reference = toy_reference(real, split="test")
    assert reference.protocol["num_real"] == 350
    assert reference.protocol["num_searched"] == 500  # copies are of training images all the same
    assert metrics_of(real["train"][:300], reference)["closer_than_test_classifier"] == 1


def test_no_more_features_are_stored_than_allowed() -> None:
    images = torch.from_numpy(draw(100, 0))
    statistics = collect(TOY, images.split(30), num=100, max_features=70, batch_size=25)
    # A matrix product may round otherwise for another number of rows.
    assert torch.allclose(statistics.features, TOY.network(images[:70]).features, atol=1e-5)
    assert statistics.gaussian().num == 100
