"""The user's cache folder: downloads, and whatever else may be deleted without loss."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path:
    """``$GANPIPE_CACHE`` where it is set, otherwise the platform's cache folder for ganpipe.

    The folder need not exist yet.
    """
    chosen = os.environ.get("GANPIPE_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("ganpipe")
