"""The extractors that the parameters ask for, and the message about a wrong list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.support import SHIPPED

from ganpipe.core.schema import validate
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.evaluation.selection import (
    extractors_for,
    extractors_in,
    max_searched,
    needed_extractors,
    snapshot_extractor,
)


def config(extractors: Any = "auto", snapshots: str = "auto") -> EvaluateConfig:
    content = SHIPPED.evaluate.model_dump(mode="json") | {"extractors": extractors}
    content["snapshots"]["extractor"] = snapshots
    return validate(EvaluateConfig, content, "params.yaml")


@pytest.mark.parametrize(
    ("extractors", "snapshots", "dataset", "final", "of_snapshots"),
    [
        ("auto", "auto", "mnist", ["classifier"], "classifier"),
        ("auto", "auto", "stacked_mnist", ["digits"], "digits"),
        ("auto", "auto", "folder", ["inception"], "inception"),
        ("auto", "none", "folder", ["inception"], None),
        (["inception", "classifier"], "auto", "mnist", ["inception", "classifier"], "inception"),
        (["inception"], "classifier", "cifar10", ["inception"], "classifier"),
    ],
)
def test_the_extractors_that_are_asked_for(
    extractors: Any, snapshots: str, dataset: str, final: list[str], of_snapshots: str | None
) -> None:
    asked = config(extractors, snapshots)
    assert extractors_for(asked, dataset) == final
    assert snapshot_extractor(asked, dataset) == of_snapshots
    extra = [] if of_snapshots in (None, *final) else [of_snapshots]
    assert needed_extractors(asked, dataset) == [*final, *extra]


def test_each_extractor_has_its_number_of_searched_images() -> None:
    searched = SHIPPED.evaluate.max_searched
    assert max_searched(searched, "classifier") == searched.classifier == 60000
    assert max_searched(searched, "digits") == searched.classifier
    assert max_searched(searched, "inception") == searched.inception == 10000


def test_statistics_are_found_by_the_names_of_their_files(tmp_path: Path) -> None:
    assert extractors_in(tmp_path / "nothing") == []
    for name in ("inception.npz", "classifier.npz", "notes.txt"):
        (tmp_path / name).touch()
    assert extractors_in(tmp_path) == ["classifier", "inception"]
