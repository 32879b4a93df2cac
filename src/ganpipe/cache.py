"""The user's cache folder: downloads, and whatever else may be deleted without loss."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

from ganpipe.errors import GanpipeError


def cache_folder() -> Path:
    """``$GANPIPE_CACHE`` where it is set, otherwise the platform's cache folder for ganpipe.

    The folder need not exist yet.
    """
    chosen = os.environ.get("GANPIPE_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("ganpipe")


def make_cache_folder(name: str) -> Path:
    """The folder ``name`` in the cache, made where it is missing.

    Raises GanpipeError where nothing can be written there.
    """
    folder = cache_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
        reason = "it is read-only"
    except OSError as error:
        writable, reason = False, error.strerror or str(error)
    if not writable:
        raise GanpipeError(
            f"cannot write into the cache folder {folder} ({reason}); set the environment "
            "variable GANPIPE_CACHE to a folder where you may write"
        )
    return folder
