"""Stage `page`: the trained network and a report of its run in one HTML file."""

from ganpipe.core import paths
from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Write it, without the network where what runs it cannot be fetched."""
    content = load_params().of_the_run()
    from ganpipe.export.page.write import write_run_page  # torch, once the parameters are right

    write_run_page(paths.PAGE, content)


if __name__ == "__main__":
    run("page", main)
