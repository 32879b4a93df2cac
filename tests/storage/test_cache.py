from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest
from filelock import FileLock
from helpers.support import command, run_python

from ganpipe.core.errors import GanpipeError
from ganpipe.storage.cache import DAY, cache_folder, entries, make_cache_folder
from ganpipe.storage.files import write_json


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Downloads of one dataset, and checkpoints of two runs, the second ten days old."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GANPIPE_CACHE", str(folder))
    for name, model, step in (("aa", "dcgan", 12), ("bb", "mlp", 7)):
        run = folder / "checkpoints" / name
        write_json(run / "parts.json", {"name": model})
        (run / f"step_{step:09d}_00.pt").write_bytes(bytes(2_000_000))
        run.with_name(f"{name}.lock").touch()
    for path in (folder / "checkpoints/bb").iterdir():
        os.utime(path, times=(time.time() - 10 * DAY,) * 2)
    (folder / "downloads/mnist").mkdir(parents=True)
    (folder / "downloads/mnist/images.gz").write_bytes(bytes(5_000_000))
    return folder


def left() -> list[str]:
    return [f"{entry.kind}/{entry.path.name}" for entry in entries()]


def test_the_command_lists_what_is_there(cache: Path) -> None:
    done = run_python("-m", "ganpipe", "cache", cwd=cache)
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines == [
        "2.0 MB 0 days old checkpoints/aa dcgan, stopped after step 12",
        "2.0 MB 10 days old checkpoints/bb mlp, stopped after step 7",
        "5.0 MB 0 days old downloads/mnist",
        f"9.0 MB in {cache}",
    ]


def test_an_empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    monkeypatch.setenv("GANPIPE_CACHE", str(tmp_path / "none"))
    command("cache", ["list"])
    command("cache", ["prune"])
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ([], []),
        (["checkpoints"], ["downloads/mnist"]),
        (["downloads"], ["checkpoints/aa", "checkpoints/bb"]),
        (["--older-than", "5"], ["checkpoints/aa", "downloads/mnist"]),
    ],
)
def test_prune_deletes_what_is_asked_for(
    cache: Path, arguments: list[str], kept: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command("cache", ["prune", *arguments])
    assert left() == kept
    assert "freed" in capsys.readouterr().out
    locks = sorted(path.stem for path in (cache / "checkpoints").glob("*.lock"))
    assert locks == [name.removeprefix("checkpoints/") for name in kept if "checkpoints" in name]


def test_prune_leaves_what_is_in_use(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FileLock(cache / "checkpoints/aa.lock"):
        command("cache", ["prune"])
    assert left() == ["checkpoints/aa"]
    assert f"in use, kept: {cache / 'checkpoints/aa'}" in capsys.readouterr().out


def test_prune_says_what_it_could_not_delete(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a file of another user, or one that is immutable."""
    unlink = os.unlink

    def refuse(path: str | Path, *arguments: object, **options: object) -> None:
        if Path(path).name == "step_000000012_00.pt":
            raise PermissionError(errno.EPERM, "Operation not permitted", path)
        unlink(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "unlink", refuse)
    kept = cache / "checkpoints/aa"
    reason = r" \(Operation not permitted: step_000000012_00.pt\)"
    with pytest.raises(GanpipeError, match=f"could not be deleted:\n  {kept}{reason}"):
        command("cache", ["prune"])
    assert left() == ["checkpoints/aa"]
    assert kept.with_name("aa.lock").exists()
    said = " ".join(capsys.readouterr().out.split())
    assert "checkpoints/aa" not in said
    assert f"7.0 MB freed in {cache}" in said


def test_prune_goes_on_after_a_lock_that_cannot_be_opened(cache: Path) -> None:
    lock = cache / "checkpoints/aa.lock"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(GanpipeError, match=r"could not be deleted:\n.*checkpoints/aa "):
        command("cache", ["prune"])
    assert left() == ["checkpoints/aa"]


def test_a_cache_folder_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANPIPE_CACHE", str(tmp_path / "file"))
    with pytest.raises(GanpipeError, match=r"cannot write into the cache folder .* GANPIPE_CACHE"):
        make_cache_folder("checkpoints")


def test_no_home_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GANPIPE_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", _nobody)
    with pytest.raises(GanpipeError, match="no home folder"):
        cache_folder()


def _nobody(number: int) -> None:
    raise KeyError(number)
