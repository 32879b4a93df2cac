"""List or prune the cache folder: ``ganpipe cache``."""

from __future__ import annotations

import argparse
import time

from ganpipe.storage.cache import DAY, KINDS, Entry, cache_folder, entries, prune


def _describe(entry: Entry) -> str:
    age = max(0.0, time.time() - entry.changed) / DAY
    name = f"{entry.kind}/{entry.path.name}"
    return f"{entry.size / 1e6:10.1f} MB  {age:5.0f} days old  {name}  {entry.about}".rstrip()


def main(options: argparse.Namespace) -> None:
    """List or prune, as the command line says."""
    found = entries()
    if options.action == "prune":
        limit = time.time() - options.older_than * DAY
        kinds = [options.what] if options.what else list(KINDS)
        chosen = [e for e in found if e.kind in kinds and e.changed <= limit]
        found = prune(chosen)
        for entry in [entry for entry in chosen if entry not in found]:
            print(f"in use, kept: {entry.path}")
    for entry in found:
        print(_describe(entry))
    total = sum(entry.size for entry in found) / 1e6
    print(f"{total:10.1f} MB  {'freed' if options.action == 'prune' else 'in'} {cache_folder()}")


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    commands = parser.add_subparsers(dest="action", metavar="{list,prune}")
    commands.add_parser("list", help="what is there and how large it is (the default)")
    pruning = commands.add_parser("prune", help="delete it, but for what is in use")
    pruning.add_argument("what", nargs="?", choices=KINDS, help="only these (default: all)")
    pruning.add_argument(
        "--older-than",
        type=float,
        default=0.0,
        metavar="DAYS",
        help="only what was not touched for so many days (default: whatever its age)",
    )
