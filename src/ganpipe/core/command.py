"""Run a command as a process: signals, exit codes, messages instead of tracebacks."""

from __future__ import annotations

import errno
import io
import logging
import os
import signal
import sys
from collections.abc import Callable

from ganpipe.core import log
from ganpipe.core.errors import GanpipeError

FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full, or your share of it",
    errno.EFBIG: "a limit on the size of files is reached",
}
FORBIDDEN = "permission denied; allow it to be read and written, or name another"
REFUSED = {
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.EROFS: "the file system is read-only; name another place",
    errno.EISDIR: "it is a folder; name a file",
    errno.ENOTDIR: "there is a file where a folder is needed; name another place",
    errno.EEXIST: "something of this name is in the way; name another place",
    errno.EBUSY: "it is in use, as a mount point is; name another place",
    errno.ENOENT: "it is not there; name another, or make it",
    errno.EXDEV: "it is on another file system; name a place on the same one",
    errno.ENAMETOOLONG: "the name is too long; name another",
}


def run(main: Callable[[], None]) -> None:
    """Run a command's ``main`` and turn what a user can mend into one message and exit code 1.

    Exits with 130 after Ctrl-C, with 143 after SIGTERM, which schedulers send, and with 141 where
    the reader of stdout left early, as `head` does: the codes that shells know. Temporary files
    are removed each time; after ``main``, Ctrl-C ends the process at once. A full disk and a file
    that the system refuses are reported wherever they are met, since any write can meet them. A
    closed stream is no error, nor is a letter that the terminal's encoding lacks.
    """
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)
    try:
        try:
            log.set_up()
            main()
            if sys.stdout is not None:
                sys.stdout.flush()
        finally:
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of what is left
            if signal.getsignal(signal.SIGTERM) is _end:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
    except GanpipeError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        logging.getLogger(__name__).info("interrupted")
        sys.exit(130)
    except BrokenPipeError:
        _drop_output()
        sys.exit(141)
    except OSError as error:
        if error.errno in FULL:
            where = f" while writing {error.filename}" if error.filename else ""
            sys.exit(f"error: {FULL[error.errno]}{where}; make room and run the same command again")
        if error.errno in REFUSED and error.filename:
            refused = error.filename2 or error.filename  # of a move the target: the user's name
            sys.exit(f"error: {refused}: {REFUSED[error.errno]}")
        raise


def _drop_output() -> None:
    """Point stdout to nowhere, so that Python's flush at the exit does not fail."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(number: int, frame: object) -> None:
    sys.exit(128 + number)
