"""Safetensors files with a header and a hash over everything, since the format itself does not
notice a flipped bit."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ganpipe.storage.files import atomic_path

FORMAT = 1  # of the header; raised when an older reader could not make sense of a newer file


def write_tensors(path: Path, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    """Write ``tensors`` and a ``header`` of JSON content, atomically; the same content gives the
    same bytes."""
    tensors = {name: value.cpu().contiguous() for name, value in tensors.items()}
    about = {"format": FORMAT, **header}
    text = json.dumps({**about, "sha256": _digest(about, tensors)}, sort_keys=True)
    with atomic_path(path) as temporary:
        # Its own writing of files would report a full disk as an error of its own.
        temporary.write_bytes(save(tensors, metadata={"ganpipe": text}))


def read_tensors(path: Path, device: torch.device) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The header and the tensors of a file that :func:`write_tensors` wrote.

    Raises FileNotFoundError, and ValueError for anything that is not exactly what was written.
    """
    try:
        with safe_open(path, framework="pt", device=str(device)) as source:
            header = json.loads((source.metadata() or {})["ganpipe"])
            tensors = {name: source.get_tensor(name) for name in source.keys()}  # noqa: SIM118
            if header["format"] != FORMAT:
                raise ValueError(f"it has format {header['format']}; this version reads {FORMAT}")
            recorded = header.pop("sha256")
    except FileNotFoundError:
        if path.exists():  # what safetensors says of one that may not be read
            raise ValueError("it cannot be read") from None
        raise
    except OSError as error:  # a folder, a device
        raise ValueError("it is no file that can be read") from error
    except (KeyError, TypeError, SafetensorError) as error:
        raise ValueError(str(error)) from None
    if recorded != _digest(header, tensors):
        raise ValueError("its content is not what was written")
    return header, tensors


def recorded_digest(path: Path) -> str | None:
    """The hash in the header of a file that :func:`write_tensors` wrote, which tells its content
    from any other; None where there is no such file. Nothing but the header is read."""
    try:
        with safe_open(path, framework="pt") as source:
            recorded = json.loads((source.metadata() or {})["ganpipe"])["sha256"]
    except (OSError, KeyError, TypeError, ValueError, SafetensorError):
        return None
    return recorded if isinstance(recorded, str) else None


def _digest(header: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    digest = sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
