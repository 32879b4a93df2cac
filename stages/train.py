"""Train the chosen model on the prepared images."""

from ganpipe.errors import run
from ganpipe.params import load_params


def main() -> None:
    params = load_params()
    from ganpipe.training.run import train_model  # torch is imported once the parameters are right

    train_model(params.model, params.chosen_model, params.optimizer, params.train, params.seed)


if __name__ == "__main__":
    run(main)
