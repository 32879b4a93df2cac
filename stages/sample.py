"""Stage `sample`: the fixed-noise grid, real images, an interpolation, and films."""

from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Draw with the trained generator."""
    config = load_params().sample
    from ganpipe.sampling.run import sample  # torch is imported once the parameters are right

    sample(
        rows=config.rows,
        columns=config.columns,
        interpolation_steps=config.interpolation_steps,
    )


if __name__ == "__main__":
    run("sample", main)
