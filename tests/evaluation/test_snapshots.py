"""The choice of the best snapshot, and reading it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.snapshots import best_and_last, best_snapshot


def test_the_best_is_the_lowest_and_the_earliest_of_equals() -> None:
    rows = [
        {"images_seen": seen, "fid": fid, "kid": kid}
        for seen, fid, kid in [(1, 9.0, 0.1), (2, 4.0, 0.3), (3, 4.0, 0.2), (4, 7.0, 0.4)]
    ]
    assert best_and_last(rows, "fid") == {
        "best": {"images_seen": 2, "fid": 4.0},
        "last": {"images_seen": 4, "fid": 7.0},
    }
    assert best_and_last(rows, "kid")["best"] == {"images_seen": 1, "kid": 0.1}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write metrics/snapshots.json in an empty folder."""
    monkeypatch.chdir(tmp_path)
    paths.METRICS.mkdir()
    return lambda content: paths.SNAPSHOT_METRICS.write_text(json.dumps(content))


def test_the_best_snapshot_is_a_file_and_a_rule(written: Any) -> None:
    best = {"images_seen": 64, "fid_classifier": 4.0}
    written({"best": best, "last": best, "protocol": "1a2b3c4d"})
    path, rule = best_snapshot()
    assert path == paths.snapshot(64)
    assert rule == "lowest fid_classifier of the snapshots, by the protocol 1a2b3c4d"


@pytest.mark.parametrize("content", [{}, {"best": {"images_seen": 64}}, {"best": 3}])
def test_without_a_choice_the_stage_is_named(written: Any, content: Any) -> None:
    written(content)
    with pytest.raises(GanpipeError, match="names no best snapshot; run `dvc repro -f snapshots`"):
        best_snapshot()
