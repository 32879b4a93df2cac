"""Stage `download`: the chosen dataset, verified, in data/raw."""

from ganpipe import paths
from ganpipe.data.collect import collect
from ganpipe.data.sources import fetch_official
from ganpipe.errors import run
from ganpipe.params import load_params


def main() -> None:
    """Fetch a public dataset, or collect the user's own images."""
    params = load_params()
    if params.dataset == "folder":
        collect(params.datasets.folder.path, paths.RAW)
    else:
        fetch_official(params.dataset, paths.RAW)


if __name__ == "__main__":
    run(main)
