"""How many threads compute: what the system grants, and what other runs hold."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ganpipe.runtime import slots, threads
from ganpipe.runtime.cores import core_of, cores, quota, usable
from ganpipe.runtime.threads import set_threads, share_out, threads_for, workers

HOLD = """
import sys
from ganpipe.runtime import slots
print(slots.take(range(int(sys.argv[1])), int(sys.argv[2])), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Slots of this test's own, and afterwards nothing held and PyTorch's number as it was."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(threads, "_workers", None)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
    slots.release()


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of four cores that are all ours."""
    monkeypatch.setattr(threads, "cores", lambda: [0, 1, 2, 3])
    monkeypatch.setattr(threads, "usable", lambda: 4)
    monkeypatch.setattr(logging.getLogger("ganpipe"), "propagate", True)


def hold(of: int, most: int) -> tuple[subprocess.Popen[str], int]:
    """A process that holds slots until its stdin closes, and how many it has got."""
    command = [sys.executable, "-c", HOLD, str(of), str(most)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


@pytest.mark.parametrize(
    ("limit", "granted"),
    [
        ("max 100000", None),
        ("200000 100000", 2),
        ("250000 100000", 2),
        ("50000 100000", 1),
        ("", None),
        ("nonsense", None),
        ("1 0", None),
    ],
)
def test_quota_of_version_2(tmp_path: Path, limit: str, granted: int | None) -> None:
    write(tmp_path / "membership", "0::/jobs/one\n")
    write(tmp_path / "groups/jobs/one/cpu.max", limit)
    assert quota(tmp_path / "membership", tmp_path / "groups") == granted


def test_a_quota_further_up_binds_those_below(tmp_path: Path) -> None:
    write(tmp_path / "membership", "0::/jobs/one\n")
    write(tmp_path / "groups/jobs/one/cpu.max", "800000 100000")
    write(tmp_path / "groups/jobs/cpu.max", "300000 100000")
    write(tmp_path / "cpu.max", "100000 100000")  # outside
    assert quota(tmp_path / "membership", tmp_path / "groups") == 3


@pytest.mark.parametrize("mounted", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize("path", ["/", "/docker/0123"])  # in a container the path is the host's
def test_quota_of_version_1(tmp_path: Path, mounted: str, path: str) -> None:
    write(tmp_path / "membership", f"9:cpuset:/\n4:cpu,cpuacct:{path}\n0::/\n")
    group = tmp_path / "groups" / mounted
    write(group / "cpu.cfs_period_us", "100000\n")
    write(group / "cpu.cfs_quota_us", "-1\n")
    assert quota(tmp_path / "membership", tmp_path / "groups") is None
    write(group / "cpu.cfs_quota_us", "400000\n")
    assert quota(tmp_path / "membership", tmp_path / "groups") == 4


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert quota(tmp_path / "membership", tmp_path) is None


@pytest.mark.parametrize(
    ("siblings", "core"), [("3,11\n", 3), ("2-3\n", 2), ("11\n", 11), ("", 11), (None, 11)]
)
def test_hyperthreads_share_a_core(tmp_path: Path, siblings: str | None, core: int) -> None:
    if siblings is not None:
        write(tmp_path / "cpu11/topology/thread_siblings_list", siblings)
    assert core_of(11, tmp_path) == core


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_cores_are_those_the_process_may_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {max(before)})
        assert cores() == [core_of(max(before))]
        assert usable() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_of_many_cores_only_the_quota_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("ganpipe.runtime.cores._allowed", lambda: list(range(16)))
    monkeypatch.setattr("ganpipe.runtime.cores.core_of", lambda cpu: cpu - cpu % 2)
    monkeypatch.setattr("psutil.cpu_count", lambda logical: 8)
    monkeypatch.setattr("ganpipe.runtime.cores.quota", lambda: None)
    assert cores() == [0, 2, 4, 6, 8, 10, 12, 14]
    monkeypatch.setattr("ganpipe.runtime.cores.quota", lambda: 3)
    assert (cores(), usable()) == ([0, 2, 4], 3)


@pytest.mark.parametrize(("chosen", "most"), [("1", 1), ("2,1", 2), ("99", 4), ("0", 4), ("x", 4)])
def test_omp_num_threads_is_a_limit(
    monkeypatch: pytest.MonkeyPatch, chosen: str, most: int
) -> None:
    monkeypatch.setattr("ganpipe.runtime.cores.cores", lambda: [0, 1, 2, 3])
    monkeypatch.setenv("OMP_NUM_THREADS", chosen)
    assert usable() == most


def test_a_killed_holder_frees_its_slots() -> None:
    process, got = hold(of=3, most=2)
    assert got == 2
    assert slots.take(range(3), 3) == 1
    slots.release()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert slots.take(range(3), 3) == 3


def test_four_runs_on_two_cores_all_start_and_end() -> None:
    begun = [hold(of=2, most=2) for _ in range(4)]
    assert [got for _, got in begun] == [2, 0, 0, 0]
    for process, _ in begun:
        process.communicate()
        assert process.returncode == 0


def test_taking_again_replaces_what_was_held() -> None:
    assert slots.take(range(4), 4) == 4
    assert slots.take(range(4), 1) == 1
    process, got = hold(of=4, most=4)
    process.communicate()
    assert got == 3


def test_without_a_folder_for_slots_a_run_is_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    assert slots.take(range(4), 3) == 3


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the system has no user numbers")
def test_a_folder_that_others_can_steer_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / f"ganpipe-{os.getuid()}").symlink_to(tmp_path / "theirs")
    assert slots.take(range(4), 3) == 3
    assert not list((tmp_path / "theirs").iterdir())


@pytest.mark.usefixtures("four_cores")
def test_training_computes_with_what_is_asked_for_whoever_else_runs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    process, _ = hold(of=4, most=3)
    with caplog.at_level("INFO"):
        assert set_threads(2) == 2
        assert torch.get_num_threads() == 2
        assert "other runs hold 3 cores" in caplog.text
        caplog.clear()
        set_threads(1)
        assert torch.get_num_threads() == 1
        assert caplog.messages == ["computing with 1 thread (train.threads 1, of 4 cores)"]
    process.communicate()


@pytest.mark.usefixtures("four_cores")
def test_fewer_cores_than_asked_for_are_said(caplog: pytest.LogCaptureFixture) -> None:
    assert set_threads(6, "evaluate.classifier.threads") == 4
    assert torch.get_num_threads() == 4
    assert "4 threads (evaluate.classifier.threads 6, but only 4 cores" in caplog.text
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.usefixtures("four_cores")
def test_images_are_shared_out_between_the_cores_that_are_free() -> None:
    share_out()
    assert (torch.get_num_threads(), workers()) == (1, 4)
    slots.release()
    process, _ = hold(of=4, most=3)
    share_out()
    assert (torch.get_num_threads(), workers()) == (1, 1)
    slots.release()
    other, _ = hold(of=4, most=1)
    share_out()
    assert workers() == 1  # never none
    for each in (process, other):
        each.communicate()


def test_workers_are_pytorchs_number_where_none_was_set() -> None:
    torch.set_num_threads(1)
    assert workers() == 1


@pytest.mark.usefixtures("four_cores")
def test_training_here_would_use_what_training_there_did() -> None:
    assert [threads_for(number) for number in (1, 4, 64, None)] == [1, 4, 4, 4]
