"""Stage `reference`: statistics of the real images, once per dataset and extractor."""

from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Write data/reference/EXTRACTOR.npz for every extractor that is asked for."""
    params = load_params()
    from ganpipe.evaluation.real import write_references  # torch, once the parameters are right

    write_references(params.evaluate, params.dataset)


if __name__ == "__main__":
    run("reference", main)
