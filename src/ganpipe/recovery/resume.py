"""Going on where a run of the same configuration stopped, and stopping so that it can."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from ganpipe.core import paths
from ganpipe.recovery.checkpoint import Checkpoints
from ganpipe.recovery.fingerprint import fingerprint, remember, why_afresh
from ganpipe.storage.cache import make_cache_folder
from ganpipe.storage.locks import exclusive
from ganpipe.training.journal import Journal
from ganpipe.training.state import State, load_state_dict, state_dict

log = logging.getLogger(__name__)


@contextmanager
def resumable(parts: dict[str, Any]) -> Iterator[Checkpoints]:
    """The checkpoints of the run that ``parts`` determine, and its alone; deleted in the end.

    A second run of the same configuration, or in the same folder, waits for the first. Raises
    GanpipeError where the cache folder cannot be written to.
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


def restore(
    checkpoints: Checkpoints, state: State, journal: Journal, device: torch.device
) -> float:
    """Bring ``state``, ``journal`` and the output files to the newest checkpoint, if there is one.

    Returns the seconds of training that it holds.
    """
    content = checkpoints.restore()
    if content is None:
        return 0.0
    load_state_dict(state, content["state"])
    journal.load_state_dict(content["journal"], state.step, device)
    log.info(f"going on after step {state.step}, from a checkpoint")
    return float(content["seconds"])


def save(checkpoints: Checkpoints, state: State, journal: Journal, seconds: float) -> None:
    """Write a checkpoint. Raises GanpipeError where the losses are not finite any more, since
    there would be no going on from it."""
    journal.check()
    content = {"state": state_dict(state), "journal": journal.state_dict(), "seconds": seconds}
    checkpoints.save(state.step, content)


def leave(signal_number: int, step: int, of: int) -> None:
    """End the process the way shells expect of one that a signal stopped."""
    log.info(f"stopped after step {step} of {of}; run the same command again to go on from there")
    sys.exit(128 + signal_number)
