"""Disks that are full or may not be written to: a clear sentence, nothing half-written, go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from helpers.disks import may_mount, read_only_disk, small_disk
from helpers.victim import TRAIN, Victim

Check = Callable[[Victim], None]


@contextmanager
def full(victim: Victim, folder: Path, free_kib: int) -> Iterator[Callable[[], None]]:
    """Let no more than ``free_kib`` be written in ``folder``; the yielded function ends that.

    Where nothing may be mounted, commands get a limit on the size of each file, which the system
    enforces in the same place, the write.
    """
    with ExitStack() as stack:
        if may_mount():
            filler = stack.enter_context(small_disk(folder, free_kib))
            yield lambda: filler.unlink()
        else:
            victim.environment["LIMIT"] = str(free_kib // 3)
            yield lambda: victim.environment.pop("LIMIT")


def fails(victim: Victim, *command: str) -> str:
    """Run a command that must end with one clear sentence about the disk; what it says."""
    limit = victim.environment.get("LIMIT")
    prefix = ("prlimit", f"--fsize={int(limit) * 1024}") if limit else ()
    said = victim.run(*prefix, *command, code=1)
    assert "Traceback" not in said, said
    assert "error: the disk is full" in said or "error: a limit on the size of files" in said
    return said


def leftovers(root: Path) -> list[Path]:
    return [path for path in root.rglob("*.part") if ".dvc" not in path.parts]


@pytest.mark.fault("full disk in download and prepare")
@pytest.mark.parametrize(("stage", "free_kib"), [("download", 40), ("prepare", 30)])
def test_full_while_data_are_written(victim: Victim, stage: str, free_kib: int) -> None:
    output = victim.root / {"download": "data/raw", "prepare": "data/prepared"}[stage]
    expected = {path.name: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    victim.run("rm", "-rf", str(output))
    with full(victim, victim.root / "data", free_kib) as make_room:
        fails(victim, "python", "-m", f"stages.{stage}")
        assert not output.exists()
        assert not leftovers(victim.root)
        make_room()
        victim.run("python", "-m", f"stages.{stage}")
        found = {path.name: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    assert found == expected


@pytest.mark.fault("full disk in train")
@pytest.mark.parametrize(("where", "free_kib"), [("cache", 1200), ("models", 20), ("metrics", 0)])
def test_full_while_training(victim: Victim, same: Check, where: str, free_kib: int) -> None:
    folder = victim.cache if where == "cache" else victim.root / where
    with full(victim, folder, free_kib) as make_room:
        fails(victim, *TRAIN)
        assert not (victim.root / "models/generator.safetensors").exists()
        assert not leftovers(victim.root)
        assert not leftovers(victim.cache)
        resumable = bool(victim.checkpoints)
        make_room()
        assert ("going on after step" in victim.run(*TRAIN)) == resumable
        same(victim)


@pytest.mark.fault("full disk in evaluate")
def test_full_while_evaluating(victim: Victim) -> None:
    for stage in ("classifier", "reference", "train", "snapshots"):
        victim.run("python", "-m", f"stages.{stage}")
    with full(victim, victim.root / "metrics", 0) as make_room:
        fails(victim, "python", "-m", "stages.evaluate")
        assert not (victim.root / "metrics/evaluate.json").exists()
        assert not leftovers(victim.root)
        make_room()
        victim.run("python", "-m", "stages.evaluate")
        assert victim.json("metrics/evaluate.json")["fid_classifier"] > 0


@pytest.mark.fault("read-only cache folder")
def test_a_cache_that_may_not_be_written(victim: Victim, same: Check) -> None:
    folder = victim.root.parent / "cache that is read-only"
    with ExitStack() as stack:
        if may_mount():
            stack.enter_context(read_only_disk(folder))
        else:
            folder.mkdir(mode=0o555)
        wrong = Victim(victim.root, {**victim.environment, "GANPIPE_CACHE": str(folder)})
        said = wrong.run(*TRAIN, code=1)
    assert "error: cannot write into the cache folder" in said
    assert "GANPIPE_CACHE" in said
    assert "Traceback" not in said
    victim.run(*TRAIN)
    same(victim)
