"""Train the chosen model on the prepared images."""

from ganpipe.core.command import run
from ganpipe.params import load_params


def main() -> None:
    params = load_params()
    from ganpipe.training.trainer import train_model

    train_model(params.model, params.chosen_model, params.optimizer, params.train, params.seed)


if __name__ == "__main__":
    run(main)
