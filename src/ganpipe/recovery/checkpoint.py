"""Checkpoints: everything that a run needs to continue as if it had never stopped.

Since randomness is derived from the seed and the step, that is little: the state's tensors, what
the journal has summed up so far, and the files that the run has written already (dvc deletes a
stage's outputs before it runs the stage).
"""

from __future__ import annotations

import logging
import os
import pickle
import shutil
import time
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from ganpipe.storage.files import atomic_path, sha256_of

log = logging.getLogger(__name__)

SECONDS = 60.0  # the most that a killed run loses
KEPT = 2  # the newest may be damaged


class _DamagedError(Exception):
    """A checkpoint that must not be used, and why."""


class Checkpoints:
    """The checkpoints of one configuration, in a folder of their own.

    A checkpoint's name holds its step and the sha256 of its content. ``outputs`` are the folders,
    relative to the project's root, whose files belong to a checkpoint; each file is copied once.
    """

    def __init__(self, folder: Path, outputs: Sequence[Path]) -> None:
        self.folder = folder
        self.outputs = outputs
        self._copied: dict[str, str] = {}  # sha256 by path
        self._saved_at = time.monotonic()  # monotonic clock: it never jumps

    def due(self) -> bool:
        """Whether the last checkpoint is at least SECONDS old."""
        return time.monotonic() - self._saved_at >= SECONDS

    def any(self) -> bool:
        """Whether there is any checkpoint, intact or not."""
        return bool(self._all())

    def save(self, step: int, content: dict[str, Any]) -> None:
        """Write a checkpoint durably, then delete all but the last KEPT.

        ``content`` is made of dicts, lists, tensors, numbers and strings.
        """
        for path in _files(self.outputs):
            name = path.as_posix()
            if name not in self._copied:
                with atomic_path(self._copy_of(name)) as temporary:
                    shutil.copyfile(path, temporary)
                self._copied[name] = sha256_of(self._copy_of(name))
        buffer = BytesIO()
        torch.save({**content, "files": dict(self._copied)}, buffer)
        data = buffer.getvalue()
        path = self.folder / f"step_{step:09d}_{sha256(data).hexdigest()}.pt"
        with atomic_path(path) as temporary:
            temporary.write_bytes(data)
        _sync(self.folder)
        for old in self._all()[:-KEPT]:
            old.unlink()
        self._saved_at = time.monotonic()

    def restore(self) -> dict[str, Any] | None:
        """Return the content of the newest intact checkpoint and restore its output files.

        Damaged checkpoints are deleted with a warning. Without an intact one, returns None and
        empties the output folders.
        """
        for leftover in self.folder.rglob(".*.part"):
            leftover.unlink()  # of a run that was killed while it wrote
        for path in reversed(self._all()):
            try:
                content = _read(path)
                self._put_back(content["files"])
            except _DamagedError as error:
                log.warning(f"checkpoint {path} {error}; taking an older one")
                path.unlink()
            else:
                return content
        self._put_back({})
        return None

    def discard(self) -> None:
        """Delete all checkpoints: the run is complete."""
        for path in self._all():  # first, and the oldest first: one that is left must be whole
            path.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _put_back(self, files: dict[str, str]) -> None:
        """Make the output folders contain exactly ``files``."""
        for name, digest in files.items():
            copy = self._copy_of(name)
            if Path(name).parent not in self.outputs:
                raise _DamagedError(f"names a file out of place, {name}")
            if not copy.is_file() or sha256_of(copy) != digest:
                raise _DamagedError(f"lacks {name} as it was")
        for folder in self.outputs:
            shutil.rmtree(folder, ignore_errors=True)
        for name in files:
            with atomic_path(Path(name)) as temporary:
                shutil.copyfile(self._copy_of(name), temporary)
        self._copied = dict(files)

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("step_*.pt"))

    def _copy_of(self, name: str) -> Path:
        return self.folder / "files" / name


def _files(folders: Sequence[Path]) -> list[Path]:
    """The files in ``folders``, except hidden ones, which are still being written."""
    return sorted(p for f in folders for p in f.glob("*") if not p.name.startswith("."))


def _read(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, checked against the hash in its name; runs no pickled code."""
    data = path.read_bytes()
    if sha256(data).hexdigest() != path.stem.rpartition("_")[2]:
        raise _DamagedError("is damaged")
    try:
        content = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise _DamagedError(f"cannot be read ({str(error).splitlines()[0]})") from None
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict):
        raise _DamagedError("is not one of ganpipe")
    return content


def _sync(folder: Path) -> None:
    """Make renames in ``folder`` survive a power failure; Windows knows no such call."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
