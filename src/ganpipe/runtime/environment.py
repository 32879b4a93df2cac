"""Facts of a process that the last bits of a result depend on, beside the parameters."""

from __future__ import annotations

import logging
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.storage.files import read_json

log = logging.getLogger(__name__)

PACKAGES = ("torch", "numpy", "pillow", "safetensors")  # that compute or write results


def here(device: str) -> dict[str, Any]:
    """Device, instruction set, threads and versions of this process; ``device`` as
    :func:`ganpipe.runtime.device.describe` names it."""
    import torch

    return {
        "device": device,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
    }


def differences(then: dict[str, Any], now: dict[str, Any], prefix: str = "") -> list[str]:
    """Dotted names of what differs, each with both values where they are short."""
    found: list[str] = []
    for name in sorted(then.keys() | now.keys()):
        old, new = then.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(old, new, f"{prefix}{name}.")
        elif old != new:
            short = max(len(str(old)), len(str(new))) <= 40
            found.append(f"{prefix}{name}" + (f" ({old}, now {new})" if short else ""))
    return found


def note_drift(device: str, path: Path = paths.ENVIRONMENT) -> None:
    """Log how this process differs from the one that trained; nothing where it does not differ,
    or where there is no record."""
    try:
        found = drift(device, path)
    except GanpipeError:
        return
    if found:
        log.info(
            f"note: the model was trained with another {', '.join(found)}; "
            "training here would give other bits"
        )


def drift(device: str, path: Path) -> list[str]:
    from ganpipe.runtime.threads import threads_for

    then, now = read_json(path, "train"), here(device)
    now["threads"] = threads_for(then.get("threads"))  # this process may use fewer than training
    return differences({name: then.get(name) for name in now}, now)
