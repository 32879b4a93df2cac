"""The command ``ganpipe``: one table of subcommands, each a module of this package."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection
from importlib import import_module
from typing import NamedTuple

from ganpipe import __version__
from ganpipe.core.command import run


class Command(NamedTuple):
    """The help's words on a subcommand."""

    does: str
    example: str


COMMANDS = {  # the module of the same name has `fill` (adds the options) and `main`
    "generate": Command(
        "draw images from trained weights", "ganpipe generate --num 10000 --out images.npz"
    ),
    "score": Command(
        "evaluate images from anywhere with the project's metrics",
        "ganpipe score pictures --reference mnist --extractor classifier",
    ),
    "export": Command(
        "write trained weights as ONNX, for other programs",
        "ganpipe export --out generator.onnx",
    ),
    "page": Command(
        "write an HTML page in which the generator runs, with a report of its training",
        "ganpipe page --out report/index.html",
    ),
    "models": Command(
        "list the models of params.yaml, or count one's parameters and operations",
        "ganpipe models dcgan -S generator.width=64 --dataset cifar10",
    ),
    "cache": Command(
        "list or prune the cache folder", "ganpipe cache prune checkpoints --older-than 30"
    ),
    "environment": Command("compare this machine with the one that trained", "ganpipe environment"),
    "schema": Command(
        "print the JSON schema of params.yaml, which editors complete and check by",
        "ganpipe schema > params.schema.json",
    ),
    "completion": Command(
        "print a script that completes this command in a shell",
        "ganpipe completion bash > ~/.local/share/bash-completion/completions/ganpipe",
    ),
}


def parser(filled: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """The parser of the command line.

    Only the subcommands named in ``filled`` have their options, since those take imports; the
    others are known by name.
    """
    whole = argparse.ArgumentParser(
        prog="ganpipe",
        description="Tools beside the DVC stages.",
        epilog="exit codes: 0 done, 1 error, 2 wrong command line, 130 after Ctrl-C, "
        "143 after SIGTERM",
        allow_abbrev=False,
    )
    whole.add_argument(
        "--version",
        action="version",
        version=f"ganpipe {__version__}",
        help="print the version and exit",
    )
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.does,
            description=f"{command.does[0].upper()}{command.does[1:]}.",
            epilog=f"example: {command.example}",
            allow_abbrev=False,
        )
        if name in filled:
            module = import_module(f"ganpipe.cli.{name}")
            module.fill(sub)
            sub.set_defaults(main=module.main)
    return whole


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line (by default the process's own) and call the subcommand.

    Without a subcommand, print the help. Raises GanpipeError for what a user can mend, and
    SystemExit with code 2 for a wrong command line.
    """
    words = sys.argv[1:] if arguments is None else arguments
    name = next((word for word in words if not word.startswith("-")), None)
    whole = parser([name] if name in COMMANDS else [])
    if name is not None and name not in COMMANDS:
        from ganpipe.core.names import nearest

        whole.error(f"there is no command '{name}'; {nearest(name, list(COMMANDS), 'commands')}")
    options = whole.parse_args(words)
    if options.command is None:
        whole.print_help()
    else:
        options.main(options)


def entry() -> None:
    """Run the command as a process."""
    # Before NumPy is imported: its factorisations differ in the last digits by its threads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    run(main)
