"""Locks between processes, which die with their holder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)


@contextmanager
def exclusive(lock: Path, what: str) -> Iterator[None]:
    """Hold ``lock`` within the block; wait where another process holds it.

    ``what`` says in the message what that process does. The system frees the lock when its holder
    dies.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    file_lock = FileLock(lock)
    try:
        file_lock.acquire(timeout=0)
    except Timeout:
        log.info(f"another process {what}; waiting for it to end")
        file_lock.acquire()
    try:
        yield
    finally:
        file_lock.release()
