"""Stage `download`: the chosen dataset, verified, in data/raw."""

from ganpipe.core import paths
from ganpipe.data.acquire.collect import collect
from ganpipe.data.acquire.public import fetch_official
from ganpipe.data.catalog import MADE_FROM
from ganpipe.data.config import OwnImages
from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Fetch a public dataset, or collect the user's own images."""
    params = load_params()
    dataset = params.chosen_dataset
    if isinstance(dataset, OwnImages):
        collect(dataset.path, paths.RAW, f"datasets.{params.dataset}.path")
    else:
        fetch_official(MADE_FROM.get(params.dataset, params.dataset), paths.RAW)


if __name__ == "__main__":
    run("download", main)
