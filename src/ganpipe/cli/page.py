"""Write a page in which the generator runs: ``ganpipe page``."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganpipe.cli.arguments import given_path
from ganpipe.cli.places import check_file
from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.params import load_params

SUFFIXES = {".html", ".htm"}


def main(options: argparse.Namespace) -> None:
    """Write the page of the run in this folder, or of a weights file.

    Raises GanpipeError for what a user can mend.
    """
    out: Path = options.out or paths.PAGE
    _check(options, out)
    if options.weights is None:
        content = load_params().of_the_run()
        from ganpipe.export.page.write import write_run_page

        write_run_page(out, content, only_whole=True)
    else:
        from ganpipe.export.page.write import write_weights_page

        write_weights_page(out, options.weights)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB; open it in a browser")


def _check(options: argparse.Namespace, out: Path) -> None:
    """Raise GanpipeError where the page would take the place of something else."""
    if options.weights is not None and options.out is None:
        raise GanpipeError(
            f"{out} is the page of the run in this folder; with --weights name another file with "
            "--out"
        )
    if out.suffix.lower() not in SUFFIXES:
        raise GanpipeError(f"--out is {out}; name a file that ends in .html")
    check_file(out, "another .html file")


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--out",
        type=given_path,
        metavar="FILE",
        help=f"the HTML file (default: {paths.PAGE}; needed with --weights)",
    )
    parser.add_argument(
        "--weights",
        type=given_path,
        metavar="FILE",
        help="weights of a generator, .safetensors, for a page without a report (default: those of "
        "the run in this folder)",
    )
