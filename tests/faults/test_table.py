"""The table names tests that exist."""

from __future__ import annotations

import pytest
from helpers.faults_table import ELSEWHERE
from helpers.support import ROOT


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_tests_that_are_elsewhere_are_there(name: str) -> None:
    file, _, function = name.partition("::")
    assert f"\ndef {function}(" in (ROOT / file).read_text(encoding="utf-8")
