"""The one exception that a user is meant to read."""

from __future__ import annotations


class GanpipeError(Exception):
    """An error that the user can mend: what happened and what to do.

    Raised for everything a user can cause or mend: parameters, files, hosts, disks, diverged
    losses. Any other exception that reaches the top is a bug and keeps its traceback.
    """
