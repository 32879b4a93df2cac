"""Stage `evaluate`: how far generated images are from real ones, and how it was measured."""

from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Evaluate the chosen generator with every extractor that is asked for."""
    params = load_params()
    from ganpipe.evaluation.run import evaluate  # torch, once the parameters are right

    evaluate(params.evaluate, params.dataset)


if __name__ == "__main__":
    run("evaluate", main)
