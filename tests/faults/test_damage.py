"""Files that are damaged or planted, losses that diverge, memory that is full."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.victim import TRAIN, Victim, wait_until

Check = Callable[[Victim], None]
GENERATOR = "models/generator.safetensors"
SAMPLE = ("python", "-m", "stages.sample")
EVALUATE = ("python", "-m", "stages.evaluate")


@pytest.fixture(scope="module")
def complete(prepared: Victim, tmp_path_factory: pytest.TempPathFactory) -> Victim:
    """Everything that `sample` and `evaluate` read."""
    victim = prepared.copy(tmp_path_factory.mktemp("complete"))
    victim.set(train__epochs=2)
    for stage in ("classifier", "reference", "train", "snapshots"):
        victim.run("python", "-m", f"stages.{stage}")
    return victim


@pytest.fixture
def copy(complete: Victim, tmp_path: Path) -> Victim:
    return complete.copy(tmp_path)


def flip(path: Path, share: float) -> None:
    """Turn one bit at a share of the file's length."""
    data = bytearray(path.read_bytes())
    data[int(share * (len(data) - 1))] ^= 0x10
    path.write_bytes(data)


def refuses(victim: Victim, *command: str) -> str:
    """Run a command that must end with one clear sentence; what it says."""
    said = victim.run(*command, code=1)
    assert "error: " in said
    assert "Traceback" not in said, said
    return said


class Mark:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


@pytest.mark.fault("planted pickle")
@pytest.mark.parametrize(
    ("name", "command"),
    [
        (GENERATOR, SAMPLE),
        ("data/reference/classifier.npz", EVALUATE),
        ("data/classifier/classifier.safetensors", EVALUATE),
        ("data/prepared/train_images.npy", TRAIN),
    ],
)
def test_a_planted_pickle(copy: Victim, name: str, command: tuple[str, ...]) -> None:
    mark = copy.root / "executed"
    path = copy.root / name
    path.chmod(0o644)
    path.unlink()
    path.write_bytes(pickle.dumps(Mark(mark)))
    refuses(copy, *command)
    assert not mark.exists()
    pickle.loads(path.read_bytes())
    assert mark.exists()


@pytest.mark.fault("weights or .npz with flipped bytes")
@pytest.mark.parametrize("name", [GENERATOR, "data/reference/classifier.npz"])
@pytest.mark.parametrize("share", [0.0, 0.6])
def test_damaged_results(copy: Victim, name: str, share: float) -> None:
    flip(copy.root / name, share)
    assert "damaged" in (said := refuses(copy, *EVALUATE)) or "not a whole file" in said


@pytest.mark.fault("checkpoint with flipped bytes")
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_checkpoint_before_is_taken(victim: Victim, same: Check, share: float) -> None:
    process = victim.begin(*TRAIN)
    wait_until(lambda: len(victim.checkpoints) == 2)
    process.kill()
    process.wait()
    older, newest = victim.checkpoints[-2:]
    flip(newest, share)
    said = victim.run(*TRAIN)
    assert f"warning: checkpoint {newest} is damaged" in said
    assert f"going on after step {int(older.name.split('_')[1])}," in said
    same(victim)


@pytest.mark.fault("checkpoints of another configuration")
def test_another_configuration_starts_afresh(victim: Victim) -> None:
    process = victim.begin(*TRAIN)
    wait_until(lambda: victim.checkpoints)
    process.kill()
    process.wait()
    victim.set(train__epochs=3)
    said = victim.run(*TRAIN)
    assert "starting from the first step: the checkpoints in" in said
    assert "are of another train.epochs (60, now 3)" in said
    assert "going on" not in said
    victim.set(train__epochs=60)
    with (victim.root / "src/ganpipe/runtime/seeding.py").open("a") as code:
        code.write("ANOTHER = 1\n")
    victim.dvc("repro", "check")
    assert "are of another code" in victim.run(*TRAIN)


@pytest.mark.fault("loss that is not a number")
def test_a_loss_that_diverges(victim: Victim, same: Check) -> None:
    grid_first = {"train__log_every": 1000, "train__snapshot_every": 1}  # before any row
    victim.set(optimizer__lr=1e30, **grid_first)
    said = refuses(victim, *TRAIN)
    assert "the loss of model 'toy_mlp' is not finite since step" in said
    assert not (victim.root / "models/generator.safetensors").exists()
    victim.set(optimizer__lr=0.0002, train__log_every=3, train__snapshot_every=18)
    victim.run(*TRAIN)
    same(victim)


@pytest.mark.fault("memory of the device full")
def test_more_memory_than_there_is(victim: Victim, same: Check) -> None:
    victim.set(models__toy_mlp__generator__hidden=[4_000_000, 4_000_000])
    said = refuses(victim, *TRAIN)
    assert "the memory of the device is full; set train.batch_size to 8 instead of 16" in said
    victim.set(models__toy_mlp__generator__hidden=[16, 12])
    victim.run(*TRAIN)
    same(victim)


@pytest.mark.fault("surroundings: HOME, path, locale, clock")
@pytest.mark.parametrize("what", ["no HOME", "locale of C", "odd path", "clock jumps back"])
def test_odd_surroundings(victim: Victim, same: Check, tmp_path: Path, what: str) -> None:
    if what == "odd path":
        root = tmp_path / "Größe & 図 (1) 'x'" / "my project"
        shutil.copytree(victim.root, root, symlinks=True)
        moved = Victim(root, {**victim.environment, "GANPIPE_CACHE": str(root.parent / "a ü")})
        moved.dvc("repro", "train")
        return same(moved)
    changes = {
        "no HOME": ("env", "-u", "HOME", *TRAIN),
        "locale of C": ("env", "LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0", *TRAIN),
        "clock jumps back": ("env", f"PYTHONPATH={tmp_path / 'clock'}", *TRAIN),
    }
    if what == "clock jumps back":
        (tmp_path / "clock").mkdir()
        (tmp_path / "clock/sitecustomize.py").write_text(CLOCK)
    process = victim.begin(*changes[what])
    wait_until(lambda: victim.checkpoints)
    process.kill()
    process.wait()
    assert "going on after step" in victim.run(*changes[what])
    same(victim)


# Every process begins later than it is and is sent back by a day at every tenth look.
CLOCK = """
import itertools, time
real, looks = time.time, itertools.count()
time.time = lambda: real() + 86400 * (30 - next(looks) // 10)
"""
