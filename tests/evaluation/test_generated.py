"""Generators as they are loaded for an evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.games import CPU
from helpers.weights import saved

from ganpipe.evaluation.generated import load_generators


@pytest.mark.parametrize(
    ("model", "batch_norm", "warnings"),
    [("toy_mlp", "standing", 1), ("toy_mlp", "running", 0), ("dcgan", "standing", 0)],
)
def test_statistics_that_a_generator_has_not_are_warned_about_once(
    tmp_path: Path,
    model: str,
    batch_norm: str,
    warnings: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("ganpipe.sampling.standing.PASSES", 1)
    path = saved(tmp_path / "g", model)
    found = list(load_generators([path] * 3, batch_norm, CPU))  # type: ignore[arg-type]
    assert len(found) == 3
    said = capsys.readouterr().err
    assert said.count("evaluate.batch_norm: standing changes nothing") == warnings
