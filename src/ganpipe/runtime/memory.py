"""Errors of a device, turned into advice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ganpipe.core.errors import GanpipeError


@contextmanager
def device_errors(
    parameter: str, value: int, otherwise: str = "choose smaller networks"
) -> Iterator[None]:
    """Turn errors of a device within the block into advice.

    ``parameter``, now ``value``, is the number of images that the device holds at once. Raises
    GanpipeError for full memory and for operations without a deterministic form.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # Told by its name and words, since most stages do without torch.
        kind, text = type(error).__name__, str(error)
        if kind in ("MemoryError", "OutOfMemoryError") or "can't allocate memory" in text:
            fewer = f"set {parameter} to {value // 2} instead of {value}, or " if value > 2 else ""
            raise GanpipeError(f"the memory of the device is full; {fewer}{otherwise}") from None
        if "does not have a deterministic implementation" in text:
            operation = text.partition(" does not")[0]
            raise GanpipeError(
                f"{operation} cannot give the same bits twice on this device; set "
                "train.deterministic to false and accept that runs differ"
            ) from None
        raise
