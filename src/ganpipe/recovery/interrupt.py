"""Stop requests: the first signal asks the loop to stop, the second ends the process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import psutil

# Ctrl-C, a scheduler's or a user's kill, and a closed terminal (which Windows does not know).
SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
NOTE = b"\nfinishing this step and writing a checkpoint; once more stops at once\n"


@contextmanager
def stop_requests() -> Iterator[Callable[[], int]]:
    """Record signals within the block instead of obeying them.

    The yielded function returns the number of the recorded signal, or 0. The first signal restores
    the previous handlers, so that a second one stops at once. A stage whose dvc was killed is asked
    to stop as well, since nobody would collect its outputs. Signals that were ignored (nohup)
    remain so.
    """
    asked: list[int] = []
    before: dict[int, Any] = {
        number: handler
        for number in SIGNALS
        if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)
    }
    parents = [(process, process.ppid()) for process in _started_by_dvc()]

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: object) -> None:
        asked.append(number)
        put_back()
        os.write(2, NOTE)  # print may be in the middle of a line

    def request() -> int:
        orphaned = any(process.ppid() != parent for process, parent in parents)
        return asked[0] if asked else int(signal.SIGTERM) if orphaned else 0

    for number in before:
        signal.signal(number, note)
    try:
        yield request
    finally:
        put_back()


def _started_by_dvc() -> list[psutil.Process]:
    """This process and the shell between it and dvc, if any: those that dvc told their stage.

    Some shells become the command that they run and some stay and wait for it. A shell that stays
    outlives a dvc that was killed, so this process alone would not learn of it.
    """
    this = psutil.Process()
    return list(takewhile(_knows_its_stage, [this, *this.parents()]))


def _knows_its_stage(process: psutil.Process) -> bool:
    try:
        return "DVC_STAGE" in process.environ()
    except psutil.Error:  # somebody else's process
        return False
