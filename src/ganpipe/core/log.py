"""Messages for people on stderr: plain sentences, warnings marked as such."""

from __future__ import annotations

import logging
import os
import sys

from ganpipe.core.errors import GanpipeError

VARIABLE = "GANPIPE_LOG"
LEVELS = ("debug", "info", "warning", "error")


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to ``sys.stderr`` as it is at the time; drops messages where that is closed."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None:
            self.stream = sys.stderr
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Ignore a stderr whose reader has left."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class _Sentences(logging.Formatter):
    """``warning: ...`` from warnings on, the bare message below."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        marked = record.levelno >= logging.WARNING
        return f"{record.levelname.lower()}: {text}" if marked else text


def set_up() -> None:
    """Send the messages of ``ganpipe`` to stderr.

    The environment variable ``GANPIPE_LOG`` sets the lowest level that is shown: debug, info (the
    default), warning or error. Raises GanpipeError for another value.
    """
    value = os.environ.get(VARIABLE, "")
    level = value.strip().lower() or "info"
    if level not in LEVELS:
        raise GanpipeError(f"{VARIABLE} is '{value}'; set it to one of {', '.join(LEVELS)}")
    logger = logging.getLogger("ganpipe")
    logger.setLevel(level.upper())
    logger.propagate = False
    if not any(isinstance(handler, _Handler) for handler in logger.handlers):
        handler = _Handler()
        handler.setFormatter(_Sentences())
        logger.addHandler(handler)
