"""Types of arguments that refuse an empty value, such as that of an unset variable in a script."""

from __future__ import annotations

import argparse
from pathlib import Path


def given(text: str) -> str:
    """A name that is not empty, for argparse."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def given_path(text: str) -> Path:
    """A path that is not empty, for argparse: Path("") would be the current folder."""
    return Path(given(text))
