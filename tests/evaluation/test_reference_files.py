"""Files of reference statistics: written, read again, and refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.toy_evaluation import metrics_of, toy_evaluator, toy_reference
from helpers.toy_extractor import TOY, draw

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.reference import Reference, load_reference, save_reference


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


def test_a_search_among_a_single_image_is_read_again(
    real: dict[str, np.ndarray], tmp_path: Path
) -> None:
    one = toy_reference(real, max_searched=1)
    save_reference(tmp_path / "a.npz", one)
    figures = metrics_of(draw(300, 2), load_reference(tmp_path / "a.npz"))
    assert figures["closer_than_test_classifier"] == pytest.approx(0.5, abs=0.12)


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
