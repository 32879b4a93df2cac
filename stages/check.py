"""Stage `check`: a wrong parameter is answered here, before anything has run."""

from ganpipe.core import paths
from ganpipe.core.command import run
from ganpipe.params import load_params
from ganpipe.storage.files import write_json


def main() -> None:
    """Read params.yaml. What is written never changes, so that nothing runs again because of it."""
    params = load_params()
    print(f"{params.model} on {params.dataset}: the parameters are well-formed")
    write_json(paths.CHECKED, {"params.yaml": "well-formed"})


if __name__ == "__main__":
    run(main)
