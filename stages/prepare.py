"""Stage `prepare`: data/raw becomes uint8 arrays and spec.json in data/prepared."""

from ganpipe.core import paths
from ganpipe.data.prepare.prepare import prepare
from ganpipe.params import load_params
from ganpipe.storage.files import write_json
from stages import run


def main() -> None:
    """Decode, size and check the chosen dataset."""
    params = load_params()
    figures = prepare(params.dataset, params.chosen_dataset, paths.RAW, paths.PREPARED)
    write_json(paths.DATA_METRICS, figures)


if __name__ == "__main__":
    run("prepare", main)
