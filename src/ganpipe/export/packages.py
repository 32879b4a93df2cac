"""The packages of the extra `export`, which a run may be without."""

from __future__ import annotations

from importlib.util import find_spec

from ganpipe.core.errors import GanpipeError

NEEDED = ("onnx", "onnxscript", "onnxruntime")  # by the names that are imported
INSTALL = "python -m pip install --editable '.[export]'"


def missing() -> list[str]:
    """The packages that exporting needs and that are not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


def expect_packages() -> None:
    """Raise GanpipeError where packages are missing."""
    if lacking := missing():
        raise GanpipeError(
            f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not installed, which "
            f"ONNX files need; install the extra: {INSTALL}"
        )
