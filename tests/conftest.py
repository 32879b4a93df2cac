"""Fixtures of the whole suite; plain helpers are in the package helpers."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

import pytest
import torch
from helpers.faults_table import (  # noqa: F401
    pytest_collection_modifyitems,
    pytest_runtest_makereport,
    pytest_terminal_summary,
)
from helpers.project import Project, make_project
from helpers.support import SHIPPED

from ganpipe.core import log

log.set_up()  # as every command does

if "PYTEST_XDIST_WORKER" in os.environ:  # one core each; threads that wait for each other crawl
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture
def shipped_content() -> dict[str, Any]:
    """The shipped parameters as plain JSON content, free to be changed."""
    content: dict[str, Any] = json.loads(SHIPPED.model_dump_json())
    return content


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose pipeline has run once and is committed; tests leave it as it is."""
    project = make_project(tmp_path_factory.mktemp("base") / "project")
    project.dvc("repro")
    project.commit("the first run")
    return project


@pytest.fixture(scope="module")
def project(base: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A module's own copy of ``base``, to be changed at will."""
    root = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(base.root, root, symlinks=True)
    return Project(root, base.environment)
