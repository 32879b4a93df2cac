"""Stage `export`: the trained generator as ONNX, for other programs."""

from ganpipe.params import load_params
from stages import run


def main() -> None:
    """Export each sampler of the trained model, and compare its images with PyTorch's."""
    config = load_params().export
    from ganpipe.export.run import export  # torch is imported once the parameters are right

    export(config.precision)


if __name__ == "__main__":
    run("export", main)
