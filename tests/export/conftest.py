"""What tests of exporting share."""

from __future__ import annotations

import pytest
from helpers.exported import Exports
from helpers.pages import Pages


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Files of the shipped blocks, each made when it is first asked for."""
    return Exports(tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return Pages(tmp_path_factory.mktemp("pages"))
