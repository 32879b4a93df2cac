"""Stage `check`: a wrong parameter is answered here, before anything has run."""

from ganpipe import paths
from ganpipe.errors import run
from ganpipe.files import write_json
from ganpipe.params import load_params


def main() -> None:
    """Read params.yaml. What is written never changes, so that nothing runs again because of it."""
    params = load_params()
    print(f"{params.model} on {params.dataset}: the parameters are well-formed")
    write_json(paths.CHECKED, {"params.yaml": "well-formed"})


if __name__ == "__main__":
    run(main)
