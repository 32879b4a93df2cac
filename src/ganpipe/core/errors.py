"""The one exception that a user is meant to read."""

from __future__ import annotations


class GanpipeError(Exception):
    """What happened and what to do about it, in sentences meant for the user.

    Raised for everything a user can cause or mend: parameters, files, hosts, disks, diverged
    losses. Any other exception that reaches the top is a bug and keeps its traceback.
    """
