"""The command ``ganpipe``: one table of subcommands, each a module of this package."""

from __future__ import annotations

import argparse
from importlib import import_module

from ganpipe import __version__
from ganpipe.core.command import run

COMMANDS = {  # name -> its line in the help; the module of the same name has `fill` and `main`
    "generate": "draw images from trained weights",
    "score": "judge images from anywhere by the project's metrics",
    "cache": "list or prune the cache folder",
    "environment": "compare this machine with the one that trained",
}


def parser() -> argparse.ArgumentParser:
    """The parser of the command line with all subcommands."""
    whole = argparse.ArgumentParser(prog="ganpipe", description="Tools beside the DVC stages.")
    whole.add_argument("--version", action="version", version=f"ganpipe {__version__}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        module = import_module(f"ganpipe.cli.{name}")
        sub = commands.add_parser(name, help=line, description=module.__doc__)
        module.fill(sub)
        sub.set_defaults(main=module.main)
    return whole


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and call the subcommand.

    Raises GanpipeError for what a user can mend.
    """
    options = parser().parse_args(arguments)
    options.main(options)


def entry() -> None:
    """Run the command as a process."""
    run(main)
