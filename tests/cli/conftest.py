"""What the tests of the command `score` share."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.scoring import make_root


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier and two folders of images, `real` and `fake`; tests leave them as they are."""
    return make_root(tmp_path_factory.mktemp("score"))
