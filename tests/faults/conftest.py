"""A small project to train, kill and train again, and what it gives when nothing disturbs it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.project import make_project
from helpers.victim import RESULTS, Victim, sizes_of_difference


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Victim:
    """Data prepared and nothing trained, on one thread, so that a busy machine is no slower, and
    for seconds, so that a signal meets the training even there."""
    project = make_project(tmp_path_factory.mktemp("faults") / "project")
    victim = Victim(project.root, {**project.environment, "OMP_NUM_THREADS": "1"})
    victim.set(model="toy_mlp", train__epochs=60, train__log_every=3, train__snapshot_every=18)
    victim.commit("small and quick")
    victim.dvc("repro", "prepare")
    victim.commit("the data")
    return victim


@pytest.fixture(scope="session")
def undisturbed(prepared: Victim, tmp_path_factory: pytest.TempPathFactory) -> Victim:
    """A copy that was trained in one go."""
    victim = prepared.copy(tmp_path_factory.mktemp("undisturbed"))
    victim.run("python", "-m", "stages.train")
    return victim


@pytest.fixture
def victim(prepared: Victim, tmp_path: Path) -> Iterator[Victim]:
    """A copy of one's own, with a cache of its own; its processes end with the test."""
    copy = prepared.copy(tmp_path)
    yield copy
    copy.end()
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def same(undisturbed: Victim, record_property: pytest.RecordProperty) -> object:
    """Assert that a victim's results are those of the run in one go, and count what is not."""

    def check(victim: Victim) -> None:
        lost = sizes_of_difference(undisturbed, victim)
        record_property("bytes_lost", sum(lost.values()))
        assert not lost
        assert (victim.root / RESULTS[0]).is_file()

    return check
