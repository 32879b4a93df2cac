"""Stage `classifier`: the extractor that is trained on the dataset's own labels."""

from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Train and test it, where an extractor of the evaluation is the classifier."""
    params = load_params()
    from ganpipe.evaluation.classifier import make_classifier

    make_classifier(params.evaluate, params.dataset)


if __name__ == "__main__":
    run("classifier", main)
