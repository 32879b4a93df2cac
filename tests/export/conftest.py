"""What tests of exporting share."""

from __future__ import annotations

import pytest
from helpers.exported import Exports


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Files of the shipped blocks, each made when it is first asked for."""
    return Exports(tmp_path_factory.mktemp("exports"))
