"""Compare this machine with the one that trained: ``ganpipe environment``."""

from __future__ import annotations

import argparse

from ganpipe.core import paths
from ganpipe.runtime.environment import drift


def fill(parser: argparse.ArgumentParser) -> None:
    """Add no option: there is none."""


def main(options: argparse.Namespace) -> None:
    """Compare this machine with metrics/environment.json."""
    from ganpipe.runtime.device import describe, pick_device

    found = drift(describe(pick_device("auto")), paths.ENVIRONMENT)
    print("\n".join(found) if found else "the same as where the model was trained")
