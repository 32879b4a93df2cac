"""Locks that say which cores this user's processes hold: a file a core, locked by its holder.

The system frees a lock when its holder ends in whatever way, so nothing has to be cleared up. The
files lie in the temporary folder and not in the cache folder, which may be on a network file
system, where the locks of one machine would count on another.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from getpass import getuser
from pathlib import Path

from filelock import FileLock, Timeout

_held: list[FileLock] = []  # by this process, until it ends or takes others


def take(cores: Iterable[int], most: int) -> int:
    """Hold up to ``most`` of ``cores`` in place of what was held; how many there were.

    Never waits. Where no lock can be had, as in a temporary folder that is not ours, it is as if
    no other process ran.
    """
    release()
    folder = _folder()
    if folder is None:
        return most
    for core in cores:
        if len(_held) == most:
            break
        lock = FileLock(folder / f"{core}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        except (OSError, NotImplementedError):
            return most
        _held.append(lock)
    return len(_held)


def release() -> None:
    """Hold nothing."""
    while _held:
        _held.pop().release()


def _folder() -> Path | None:
    """The user's folder of slots, or None where it cannot be made or belongs to somebody else."""
    own = f"ganpipe-{os.getuid() if hasattr(os, 'getuid') else getuser()}"
    try:
        folder = Path(tempfile.gettempdir(), own)
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != os.getuid()):
            return None
        slots = folder / "cores"
        slots.mkdir(exist_ok=True)
    except OSError:
        return None
    return slots
