"""Which flips are warned of."""

from __future__ import annotations

import pytest

from ganpipe.data.catalog import MADE_FROM, OFFICIAL
from ganpipe.data.orientation import ORIENTED, warn_about


def test_digits_are_not_to_be_flipped(caplog: pytest.LogCaptureFixture) -> None:
    warn_about(("flip", "rotation"), "mnist")
    assert "by flip, rotation changes what images of mnist show" in caplog.text
    assert "a 6 upside down is a 9" in caplog.text


@pytest.mark.parametrize(("names", "dataset"), [((), "mnist"), (("flip",), "folder")])
def test_nothing_is_said_otherwise(
    names: tuple[str, ...], dataset: str, caplog: pytest.LogCaptureFixture
) -> None:
    warn_about(names, dataset)
    assert not caplog.text


def test_only_known_datasets_are_named() -> None:
    assert ORIENTED.keys() <= OFFICIAL.keys() | MADE_FROM.keys()
