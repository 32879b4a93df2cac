"""Check arguments that subcommands share: names, paths and weights.

Names and paths may not be empty, as an unset variable in a script is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ganpipe.core.errors import GanpipeError


def given(text: str) -> str:
    """A name that is not empty, for argparse."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def given_path(text: str) -> Path:
    """A path that is not empty, for argparse: Path("") would be the current folder."""
    return Path(given(text))


def check_weights(path: Path) -> None:
    """Raise GanpipeError unless there is a file at ``path``."""
    if path.is_file():
        return
    if path.exists():
        kind = "a folder" if path.is_dir() else "no regular file"
        raise GanpipeError(f"{path} is {kind}; name a .safetensors file with --weights")
    raise GanpipeError(
        f"{path} is missing; `dvc repro train` or `dvc pull` brings it, or name another file with "
        "--weights"
    )
