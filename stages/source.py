"""Stage `source`: the pictures that a translating model starts from, in data/source."""

from ganpipe.core import paths
from ganpipe.data.source.write import write_source
from ganpipe.methods.configs.translating import TranslatingConfig
from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Compute them from the prepared images; a model that draws from noise has none."""
    model = load_params().chosen_model
    config = model.source if isinstance(model, TranslatingConfig) else None
    write_source(config, prepared=paths.PREPARED, folder=paths.SOURCE)


if __name__ == "__main__":
    run("source", main)
