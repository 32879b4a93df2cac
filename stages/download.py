"""Stage `download`: the chosen dataset, verified, in data/raw."""

from ganpipe.core import paths
from ganpipe.data.acquire.collect import collect
from ganpipe.data.acquire.public import fetch_official
from ganpipe.data.catalog import MADE_FROM, OFFICIAL
from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Fetch a public dataset, or collect the user's own images."""
    params = load_params()
    name = MADE_FROM.get(params.dataset, params.dataset)
    if name in OFFICIAL:
        fetch_official(name, paths.RAW)
    else:
        collect(params.datasets.folder.path, paths.RAW)


if __name__ == "__main__":
    run("download", main)
