"""List or prune the cache folder: ``ganpipe cache``."""

from __future__ import annotations

import argparse
import math
import time

from ganpipe.core.errors import GanpipeError
from ganpipe.storage.cache import DAY, KINDS, Entry, Pruned, cache_folder, entries, prune


def main(options: argparse.Namespace) -> None:
    """List or prune, as the command line says.

    Raises GanpipeError, after the figures, where something could not be deleted.
    """
    failed: list[tuple[Entry, str]] = []
    if options.action == "prune":
        kinds = KINDS if options.what is None else (options.what,)
        pruned = _prune(kinds, options.older_than)
        found, failed = pruned.deleted, pruned.failed
        verb = "freed in"
    else:
        found, verb = entries(), "in"
    for entry in found:
        print(_describe(entry))
    total = sum(entry.size for entry in found) / 1e6
    print(f"{total:10.1f} MB  {verb} {cache_folder()}")
    if failed:
        lines = "".join(f"\n  {entry.path} ({reason})" for entry, reason in failed)
        raise GanpipeError(f"could not be deleted:{lines}")


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    commands = parser.add_subparsers(dest="action", metavar="{list,prune}")
    lists = "list what is there and how large it is (the default)"
    commands.add_parser("list", help=lists, description=f"{lists.capitalize()}.")
    deletes = "delete what is there, except what a process uses"
    pruning = commands.add_parser(
        "prune", help=deletes, description=f"{deletes.capitalize()}.", allow_abbrev=False
    )
    pruning.add_argument("what", nargs="?", choices=KINDS, help="delete only these (default: all)")
    pruning.add_argument(
        "--older-than",
        type=_days,
        default=0.0,
        metavar="DAYS",
        help="delete only what has not changed for so many days (default: 0)",
    )


def _prune(kinds: tuple[str, ...], older_than: float) -> Pruned:
    """Delete what is of these kinds and older than so many days."""
    limit = time.time() - older_than * DAY
    chosen = [entry for entry in entries() if entry.kind in kinds and entry.changed <= limit]
    pruned = prune(chosen)
    for entry in pruned.in_use:
        print(f"in use, kept: {entry.path}")
    return pruned


def _describe(entry: Entry) -> str:
    age = max(0.0, time.time() - entry.changed) / DAY
    name = f"{entry.kind}/{entry.path.name}"
    return f"{entry.size / 1e6:10.1f} MB  {age:5.0f} days old  {name}  {entry.about}".rstrip()


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of days, 0 or more, not '{text}'")
    return days
