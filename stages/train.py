"""Stage `train`: the chosen model, trained on the prepared images."""

from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Train, or go on where an earlier run of the same configuration stopped."""
    params = load_params()
    from ganpipe.training.trainer import train_model  # torch, once the parameters are right

    train_model(
        params.model,
        model=params.chosen_model,
        default_optimizer=params.optimizer,
        config=params.train,
        seed=params.seed,
    )


if __name__ == "__main__":
    run("train", main)
