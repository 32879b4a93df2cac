"""Messages for people on stderr: plain sentences, warnings marked as such."""

from __future__ import annotations

import logging
import os
import sys

from ganpipe.core.errors import GanpipeError

LEVELS = ("debug", "info", "warning", "error")


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to whatever ``sys.stderr`` is by then; drops messages where it is closed."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None:
            self.stream = sys.stderr
            super().emit(record)


class _Sentences(logging.Formatter):
    """``warning: ...`` from warnings on, the bare message below."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        marked = record.levelno >= logging.WARNING
        return f"{record.levelname.lower()}: {text}" if marked else text


def set_up() -> None:
    """Send the messages of ``ganpipe`` to stderr, from the level that ``GANPIPE_LOG`` names
    (debug, info, warning or error; info by default).

    Raises GanpipeError for another level.
    """
    name = os.environ.get("GANPIPE_LOG", "").lower() or "info"
    if name not in LEVELS:
        raise GanpipeError(f"GANPIPE_LOG is {name}; set it to {', '.join(LEVELS)}")
    logger = logging.getLogger("ganpipe")
    logger.setLevel(name.upper())
    logger.propagate = False
    if not any(isinstance(handler, _Handler) for handler in logger.handlers):
        handler = _Handler()
        handler.setFormatter(_Sentences())
        logger.addHandler(handler)
