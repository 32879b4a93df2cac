"""All metrics together: every one moves the way its paper says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.toy_extractor import CLASSES, SIDE, TOY, draw

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.evaluator import (
    Evaluator,
    curve_point,
    fid_alone,
    measure,
    warn_if_small,
)
from ganpipe.evaluation.reference import (
    Reference,
    Sizes,
    fixed_order,
    load_reference,
    reference_of,
    save_reference,
)
from ganpipe.evaluation.statistics import collect

SIZES = Sizes(num_reference=400, max_features=300, max_searched=500, batch_size=64)


@pytest.fixture(scope="module")
def real() -> dict[str, np.ndarray]:
    return {"train": draw(500, 0), "test": draw(350, 1)}


@pytest.fixture(scope="module")
def reference(real: dict[str, np.ndarray]) -> Reference:
    return toy_reference(real, {"dataset": "toy", "image_size": SIDE})


def toy_reference(
    real: dict[str, np.ndarray],
    protocol: dict[str, Any] | None = None,
    *,
    split: str = "train",
    **changes: int,
) -> Reference:
    sizes = replace(SIZES, **changes)
    return reference_of(TOY, real, split=split, sizes=sizes, protocol=protocol or {})


def toy_evaluator(reference: Reference, num: int, **changes: Any) -> Evaluator:
    settings: dict[str, Any] = {"extractor": TOY, "batch_size": 64, "max_features": 300, **changes}
    return Evaluator(reference=reference, num=num, **settings)


def metrics_of(images: np.ndarray, reference: Reference, **changes: Any) -> dict[str, float]:
    evaluator = toy_evaluator(reference, len(images), **changes)
    return measure(evaluator, torch.from_numpy(images).split(70)).metrics


@pytest.fixture(scope="module")
def good(reference: Reference) -> dict[str, Any]:
    return metrics_of(draw(300, 2), reference)


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


def test_a_reference_is_read_as_it_was_written(reference: Reference, tmp_path: Path) -> None:
    save_reference(tmp_path / "a.npz", reference)
    save_reference(tmp_path / "b.npz", load_reference(tmp_path / "a.npz"))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    images = draw(300, 2)
    assert metrics_of(images, load_reference(tmp_path / "a.npz")) == metrics_of(images, reference)


def test_the_bytes_of_a_reference_hold_no_time(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_reference(tmp_path / "a.npz", reference)
    monkeypatch.setattr("time.time", lambda: 2e9)
    save_reference(tmp_path / "b.npz", reference)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_statistics_alone_give_what_they_can(reference: Reference, good: dict[str, Any]) -> None:
    figures = metrics_of(draw(300, 2), Reference(reference.gaussian, {}))
    assert figures["fid_classifier"] == good["fid_classifier"]
    assert {"fid_classifier_floor", "kid_classifier", "recall_classifier"}.isdisjoint(figures)


def test_the_other_split_can_be_the_reference(real: dict[str, np.ndarray]) -> None:
    reference = toy_reference(real, split="test")
    assert reference.protocol["num_real"] == 350
    assert reference.protocol["num_searched"] == 500  # copies are of training images all the same
    assert metrics_of(real["train"][:300], reference)["closer_than_test_classifier"] == 1


def test_a_search_among_a_single_image_is_read_again(
    real: dict[str, np.ndarray], tmp_path: Path
) -> None:
    one = toy_reference(real, max_searched=1)
    save_reference(tmp_path / "a.npz", one)
    figures = metrics_of(draw(300, 2), load_reference(tmp_path / "a.npz"))
    assert figures["closer_than_test_classifier"] == pytest.approx(0.5, abs=0.12)


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


def test_another_extractor_than_the_references_is_refused(reference: Reference) -> None:
    for field in ("weights_sha256", "extractor", "precision", "resize"):
        other = replace(TOY, protocol={**TOY.protocol, field: "another"})
        with pytest.raises(GanpipeError, match=f"made with another extractor.*{field}"):
            toy_evaluator(reference, 300, extractor=other)


WHOLE: dict[str, Any] = {"mu": np.zeros(2), "sigma": np.eye(2)}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no archive", "is not a whole file of reference statistics"),
        (b"", "is not a whole file of reference statistics"),
        ({"mu": np.zeros(3)}, "sigma"),
        ({"mu": np.zeros(3), "sigma": np.zeros((2, 2))}, r"shape \(3,\) and sigma \(2, 2\)"),
        ({"mu": np.full(3, np.nan), "sigma": np.zeros((3, 3))}, "NaN"),
        ({"mu": np.array([None] * 3), "sigma": np.zeros((3, 3))}, "is not a whole file"),
        ({"mu": np.zeros(2), "sigma": np.eye(2) * 1j}, "mu or sigma is complex"),
        ({"mu": np.zeros(2), "sigma": [[1, 0.1], [0.2, 1]]}, "sigma is not symmetric"),
        ({"mu": np.zeros(2), "sigma": [[1, 0], [0, -0.1]]}, "negative variance in some direction"),
        ({"mu": np.zeros(2), "sigma": [[1, 1.1], [1.1, 1]]}, "negative variance in some"),
        # every pair of whose features is possible, but not the three together
        (
            {"mu": np.zeros(3), "sigma": np.eye(3) * 1.9 - 0.9},
            "negative variance in some direction",
        ),
        ({**WHOLE, "features": np.full((5, 2), np.inf)}, "features holds NaN or infinity"),
        ({**WHOLE, "features": np.zeros((5, 3))}, r"has the shape \(5, 3\), not \(1 or more, 2\)"),
        ({**WHOLE, "searched": np.zeros((5, 3))}, "searched has the shape"),
        ({**WHOLE, "radii": np.zeros((5, 2))}, "features and radii differ in number"),
        ({**WHOLE, "within": np.nan}, "NaN"),
        ({**WHOLE, "protocol": "[1]"}, "its protocol is not an object"),
        ({**WHOLE, "protocol": '{"num_real": "x"}'}, "it is of 'x' images"),
    ],
)
def test_damaged_statistics_are_refused(tmp_path: Path, content: Any, says: str) -> None:
    path = tmp_path / "reference.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.savez(path, **content)
    with pytest.raises(GanpipeError, match=says):
        load_reference(path)


def test_a_covariance_may_have_rounding_errors(reference: Reference, tmp_path: Path) -> None:
    """Those of float32, where two features are the same."""
    samples = np.random.default_rng(0).normal(size=(9, 3)) * [1, 1, 100]
    sigma = np.cov(samples[:, [0, 0, 1, 2]], rowvar=False)
    sigma[0, 1] *= 1 + 1e-7
    np.savez(tmp_path / "a.npz", mu=np.zeros(4, np.float32), sigma=sigma.astype(np.float32))
    np.testing.assert_allclose(load_reference(tmp_path / "a.npz").gaussian.sigma, sigma, rtol=1e-6)


def test_a_flipped_bit_in_a_compressed_reference_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    features = np.random.default_rng(0).normal(size=(50, 2))
    np.savez_compressed(path, mu=features.mean(0), sigma=np.cov(features.T), features=features)
    whole = path.read_bytes()
    refused = 0
    for position in range(0, len(whole), 7):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        try:
            load_reference(path)
        except GanpipeError:
            refused += 1
    assert refused > len(whole) / 7 / 2  # some fields of the archive mean nothing


def test_a_truncated_reference_is_refused(reference: Reference, tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    save_reference(path, reference)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(GanpipeError, match="is not a whole file of reference statistics"):
        load_reference(path)
    with pytest.raises(GanpipeError, match="is missing; the stage 'reference'"):
        load_reference(tmp_path / "none.npz")


def test_no_more_features_are_stored_than_allowed() -> None:
    images = torch.from_numpy(draw(100, 0))
    statistics = collect(TOY, images.split(30), num=100, max_features=70, batch_size=25)
    # A matrix product may round otherwise for another number of rows.
    assert torch.allclose(statistics.features, TOY.network(images[:70]).features, atol=1e-5)
    assert statistics.gaussian().num == 100
