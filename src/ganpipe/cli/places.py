"""Check what a user names as a place to write to, before time is spent on what goes there."""

from __future__ import annotations

import os
from pathlib import Path

from ganpipe.core.errors import GanpipeError


def check_file(out: Path, kind: str) -> None:
    """Raise GanpipeError unless a file can stand at ``out``; ``kind`` is what to name instead."""
    if out.is_dir():
        raise GanpipeError(f"--out is {out}, which is a folder; name {kind}")
    if out.exists() and not out.is_file():
        raise GanpipeError(f"--out is {out}, which is no regular file; name {kind}")
    check_parents(out)


def check_parents(out: Path) -> None:
    """Raise GanpipeError where something that is no folder stands above ``out``."""
    for parent in out.parents:
        if os.path.lexists(parent):
            if not parent.is_dir():
                raise GanpipeError(
                    f"--out is {out}, and {parent} is no folder; name a place in a folder"
                )
            return
