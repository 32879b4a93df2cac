"""Write a page in which the generator runs: ``ganpipe page``."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganpipe.core import paths
from ganpipe.params import load_params


def main(options: argparse.Namespace) -> None:
    """Write the page of the run in this folder, or of a weights file.

    Raises GanpipeError for what a user can mend.
    """
    if options.weights is None:
        content = load_params().of_the_run()
        from ganpipe.export.page.write import write_run_page

        write_run_page(options.out, content, only_whole=True)
    else:
        from ganpipe.export.page.write import write_weights_page

        write_weights_page(options.out, options.weights)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB; open it in a browser")


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        default=paths.PAGE,
        help="the HTML file (default: %(default)s)",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="weights of a generator, .safetensors, for a page without a report (default: those of "
        "the run in this folder)",
    )
