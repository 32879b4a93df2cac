"""Stage `snapshots`: FID and KID over training, and which snapshot is the best."""

from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Evaluate every snapshot that training left, with one extractor and the same noise."""
    params = load_params()
    from ganpipe.evaluation.snapshots import score_snapshots  # torch, once the parameters are right

    score_snapshots(params.evaluate, params.dataset)


if __name__ == "__main__":
    run("snapshots", main)
