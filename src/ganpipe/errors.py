"""The one exception that a user is meant to read, and the frame that every command runs in."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class GanpipeError(Exception):
    """What happened and what to do about it, in sentences meant for the user.

    Raised for everything a user can cause or mend: parameters, files, hosts, disks, diverged
    losses. Any other exception that reaches the top is a bug and keeps its traceback.
    """


def run(main: Callable[[], None]) -> None:
    """Run a command's ``main`` and turn what a user can mend into one message and exit code 1.

    Exits with 130 after Ctrl-C. A full disk is recognised wherever it strikes, since any write
    can meet it.
    """
    try:
        main()
    except GanpipeError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        sys.exit(f"error: the disk is full{where}; free some space and run the same command again")


@contextmanager
def out_of_memory(parameter: str, value: int) -> Iterator[None]:
    """Turn a failed allocation on any device into advice to lower ``parameter``, now ``value``."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # Told by its name and words, since most stages do without torch.
        kind, text = type(error).__name__, str(error)
        if kind not in ("MemoryError", "OutOfMemoryError") and "can't allocate memory" not in text:
            raise
        advice = f"set {parameter} to {value // 2} instead of {value}" if value > 2 else ""
        raise GanpipeError(
            "the memory of the device is full; " + (advice or "choose smaller networks")
        ) from None
