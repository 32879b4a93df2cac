"""Print a script of shell completion: ``ganpipe completion bash``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import get_args

from ganpipe.cli.arguments import given_path

SHELLS = ("bash", "zsh")


def main(options: argparse.Namespace) -> None:
    """Print the script, to be read by the shell when it starts."""
    import shtab

    from ganpipe.cli.main import parser

    whole = parser()
    for action in _actions(whole):
        _add_values(action)
    print(shtab.complete(whole, shell=options.shell))


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads the script")


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every argument and option of a parser and of its subcommands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from _actions(sub)


def _add_values(action: argparse.Action) -> None:
    """Tell shtab which values an argument has beyond its choices: extractors, and files."""
    import shtab

    from ganpipe.features.config import ExtractorName

    if action.dest == "extractor":
        action.choices = get_args(ExtractorName)  # parsed, it may be a list with commas
    elif (
        action.type is given_path
        or action.metavar == "FILE"
        or action.dest in {"images", "reference"}
    ):
        action.complete = shtab.FILE  # type: ignore[attr-defined]
