"""The cache folder: all of it may be deleted without loss.

The cache folder holds downloads, which can be fetched again, the checkpoints of training runs that
were interrupted, and the features that an interrupted evaluation with Inception had computed; the
same runs go on from those and delete them when they are complete.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from ganpipe.core.errors import GanpipeError

KINDS = ("checkpoints", "downloads", "features")
DAY = 24 * 3600


def cache_folder() -> Path:
    """``$GANPIPE_CACHE`` where it is set, otherwise the platform's cache folder for ganpipe.

    The folder need not exist yet. Raises GanpipeError where the user has no home folder.
    """
    chosen = os.environ.get("GANPIPE_CACHE")
    try:
        return Path(chosen).expanduser().absolute() if chosen else user_cache_path("ganpipe")
    except RuntimeError:
        raise GanpipeError(
            "you have no home folder to keep a cache in; set the environment variable "
            "GANPIPE_CACHE to a folder where you may write"
        ) from None


def make_cache_folder(name: str) -> Path:
    """The folder ``name`` in the cache, made where it is missing.

    Raises GanpipeError where nothing can be written there.
    """
    folder = cache_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK | os.X_OK) else "it is read-only"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise GanpipeError(
            f"cannot write into the cache folder {folder} ({reason}); set the environment "
            "variable GANPIPE_CACHE to a folder where you may write"
        )
    return folder


@dataclass(frozen=True)
class Entry:
    """A folder in the cache that is deleted as a whole."""

    kind: str  # of KINDS
    path: Path
    size: int  # bytes
    changed: float  # seconds since the epoch
    about: str  # for people

    @property
    def lock(self) -> Path:
        """The file that is locked while the folder is in use."""
        if self.kind == "downloads":
            return self.path / ".lock"
        return self.path.with_name(f"{self.path.name}.lock")


def entries() -> list[Entry]:
    """Everything in the cache folder, checkpoints first."""
    return [
        _entry(kind, path)
        for kind in KINDS
        for path in sorted((cache_folder() / kind).glob("*"))
        if path.is_dir()
    ]


class Pruned(NamedTuple):
    """Outcome of :func:`prune`; each entry is in one of the lists."""

    deleted: list[Entry]
    in_use: list[Entry]  # and kept
    failed: list[tuple[Entry, str]]  # still there, at least in part, and the reason


def prune(chosen: list[Entry]) -> Pruned:
    """Delete those of ``chosen`` that are not in use, as far as the system lets us."""
    pruned = Pruned([], [], [])
    for entry in chosen:
        try:
            with _unused(entry) as unused:
                if not unused:
                    pruned.in_use.append(entry)
                    continue
                reason = _delete(entry.path)
                if not reason:
                    entry.lock.unlink(missing_ok=True)
        except OSError as error:  # of the lock
            reason = _why(error)
        if reason:
            pruned.failed.append((entry, reason))
        else:
            pruned.deleted.append(entry)
    return pruned


def _delete(folder: Path) -> str:
    """Delete all that can be deleted of ``folder``; the reason where some of it is left."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        if os.path.lexists(folder):
            shutil.rmtree(folder)  # which stops at what cannot be deleted, and says why
    except OSError as error:
        return _why(error)
    return ""


def _why(error: OSError) -> str:
    """``Operation not permitted: step_1.pt``, from an error of the system."""
    reason = error.strerror or str(error)
    return f"{reason}: {Path(os.fsdecode(error.filename)).name}" if error.filename else reason


@contextmanager
def _unused(entry: Entry) -> Iterator[bool]:
    """Hold the folder's lock; yield whether it was free."""
    lock = FileLock(entry.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
    else:
        try:
            yield True
        finally:
            lock.release()


def _entry(kind: str, path: Path) -> Entry:
    found = [file.stat() for file in path.rglob("*") if file.is_file()]
    changed = max([stat.st_mtime for stat in found], default=path.stat().st_mtime)
    about = _about(path) if kind == "checkpoints" else ""
    return Entry(kind, path, sum(stat.st_size for stat in found), changed, about)


def _about(path: Path) -> str:
    """The model and the last step of a run."""
    try:
        name = json.loads((path / "parts.json").read_text(encoding="utf-8"))["name"]
    except (OSError, ValueError, KeyError, TypeError):
        name = "?"
    steps = [int(file.name.split("_")[1]) for file in path.glob("step_*_*.pt")]
    return f"{name}, stopped after step {max(steps)}" if steps else f"{name}, no checkpoint yet"
