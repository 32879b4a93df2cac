"""Writing files so that a final name never holds half a file."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from ganpipe.core.errors import GanpipeError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its name when the block succeeds.

    The content is flushed to disk before the rename; when the block raises, the temporary file
    is removed and whatever stood at ``path`` before still stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` that takes its place when the block succeeds.

    When the block raises, the new folder is removed and whatever stood at ``path`` still stands.
    """
    temporary = path.with_name(f".{path.name}.part")
    _remove_folder(temporary)  # left by a run that was killed
    temporary.mkdir(parents=True)
    try:
        yield temporary
        _remove_folder(path)
        temporary.replace(path)
    except BaseException:
        _remove_folder(temporary)
        raise


def _remove_folder(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON, atomically; NaN and infinity raise ValueError."""
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path, made_by: str) -> Any:
    """Read a JSON file that the stage ``made_by`` writes.

    Raises GanpipeError, naming that stage, where the file is missing or is not JSON.
    """
    with reading(path, made_by):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it holds no object")
        return content


@contextmanager
def reading(path: Path, made_by: str) -> Iterator[None]:
    """Read and take apart a file that the stage ``made_by`` writes.

    Raises GanpipeError, naming that stage, where the file is missing, and where the code in the
    block finds another content than expected: a ValueError, or a KeyError for what is not there.
    """
    try:
        yield
    except FileNotFoundError:
        raise GanpipeError(
            f"{path} is missing; the stage '{made_by}' writes it: run `dvc repro`"
        ) from None
    except (ValueError, KeyError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else error
        raise GanpipeError(f"{path} is damaged ({what}); delete it and run `dvc repro`") from None


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content, read in blocks of 1 MiB."""
    digest = sha256()
    with path.open("rb") as source:
        while block := source.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def digest_of(files: Iterable[Path]) -> str:
    """Hex sha256 of the files' names and contents; one that is not there counts as such."""
    digest = sha256()
    for path in files:
        content = sha256_of(path) if path.exists() else ""
        digest.update(f"{path.name}:{content}\n".encode())
    return digest.hexdigest()
