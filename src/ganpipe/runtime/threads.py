"""Numbers of threads: what decides bits is a parameter, what does not follows the machine.

PyTorch splits an operation between threads, and sums come out differently for another number of
them. That number is therefore asked for, and only a machine with fewer cores changes it. Images
that are each computed by one thread can be shared out between any number of workers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ganpipe.runtime import slots
from ganpipe.runtime.cores import cores, usable

log = logging.getLogger(__name__)

_workers: int | None = None


def set_threads(wanted: int, asked_by: str = "train.threads") -> int:
    """Compute every operation with ``wanted`` threads, with fewer where there are fewer cores, and
    hold as many cores as long as this process lives; how many threads.

    Other runs never change the number, nor does this one wait for them.
    """
    global _workers
    there = usable()
    threads = min(wanted, there)
    torch.set_num_threads(threads)
    held = slots.take(cores(), threads)
    _workers = threads
    said = f"computing with {_count(threads, 'thread')} ({asked_by} {wanted}"
    if threads < wanted:
        log.warning(
            f"{said}, but only {_count(there, 'core')} there): other bits than with {wanted}"
        )
    else:
        log.info(f"{said}, of {_count(there, 'core')})")
    if held < threads and threads > 1:
        taken = _count(len(cores()) - held, "core")
        log.warning(
            f"other runs hold {taken}; threads that wait for each other then lose most of their "
            f"time, and {asked_by} 1 is made for runs side by side"
        )
    return threads


def share_out() -> None:
    """Compute every operation with one thread, and share images out between as many workers as
    there are cores that no other run of this user holds; bits do not depend on how many."""
    global _workers
    there = usable()
    torch.set_num_threads(1)
    free = slots.take(cores(), there)
    _workers = max(1, free)
    log.info(
        f"computing with {_count(_workers, 'worker')} of one thread: of {_count(there, 'core')} "
        f"other runs hold {there - free}"
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute every operation in the block with one thread, as :func:`share_out` does; bits do not
    depend on the number that was set before, and is set again after."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def workers() -> int:
    """The number of threads that may take images of their own: as set, or else PyTorch's number."""
    return torch.get_num_threads() if _workers is None else _workers


def threads_for(trained_with: object) -> int:
    """The number of threads that training here would use where it used ``trained_with``."""
    return min(trained_with, usable()) if isinstance(trained_with, int) else usable()


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
