"""Resume where a run of the same configuration stopped."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from ganpipe.core import paths
from ganpipe.recovery.checkpoint import Checkpoints
from ganpipe.recovery.fingerprint import fingerprint, remember, why_afresh
from ganpipe.storage.cache import make_cache_folder
from ganpipe.storage.locks import exclusive

log = logging.getLogger(__name__)


@contextmanager
def resumable(parts: dict[str, Any]) -> Iterator[Checkpoints]:
    """Open the checkpoints of the run that ``parts`` determine, and delete them once it completes.

    A second run of the same configuration, or in the same folder, waits for the first. Raises
    GanpipeError if the cache folder cannot be written to.
    """
    folders = make_cache_folder("checkpoints")
    key = fingerprint(parts)
    here = sha256(str(Path.cwd()).encode()).hexdigest()[:32]
    with (
        exclusive(folders / f"{here}.lock", "is training in this folder"),
        exclusive(folders / f"{key}.lock", "is training the same configuration"),
    ):
        checkpoints = Checkpoints(folders / key, [paths.PROGRESS, paths.SNAPSHOTS])
        if not checkpoints.any() and (reason := why_afresh(folders, parts)):
            log.info(f"starting from the first step: {reason}")
        remember(folders / key, parts)
        yield checkpoints
        checkpoints.discard()


def exit_after_signal(signal_number: int, step: int, of: int) -> None:
    """Exit with the code that shells expect from a process that a signal ended."""
    log.info(f"stopped after step {step} of {of}; run the same command again to go on from there")
    sys.exit(128 + signal_number)
