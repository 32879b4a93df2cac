"""Files with an official checksum, from whichever source delivers them.

The sources, in order: the download cache, ``$GANPIPE_MIRROR`` (a folder or a URL, both laid out
as ``<folder>/<name>``), the public hosts, and what the caller adds. Whatever the source, the
checksum alone decides. ``GANPIPE_OFFLINE=1`` leaves the cache and the mirror.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock

from ganpipe.core.errors import GanpipeError
from ganpipe.storage.cache import cache_folder
from ganpipe.storage.download import SourceError, UnreachableError, fetch
from ganpipe.storage.files import atomic_path

BLOCK = 1 << 20


@dataclass(frozen=True)
class RemoteFile:
    """A published file and how to know it."""

    folder: str  # of the cache's downloads and of a mirror
    name: str  # as its publisher calls it
    size: int  # bytes of the content: of the decompressed file where `gzipped`
    checksum: str  # "md5:..." or "sha256:..."
    hosts: tuple[str, ...]  # URLs of folders, best first
    gzipped: bool = False  # it is used decompressed
    checksum_of_content: bool = False  # of the decompressed file: mirrors compress it again

    @property
    def limit(self) -> int:
        """Bytes that the file as sent can have at most; gzip may add a little."""
        return self.size + (BLOCK if self.gzipped else 0)


@dataclass(frozen=True)
class Source:
    """Somewhere to get a file: ``get`` puts it, verified, at a path or raises SourceError."""

    label: str  # for the list of what was tried
    get: Callable[[RemoteFile, Path], None]


def downloads_folder(name: str) -> Path:
    """The folder of the cache for the downloads of one dataset."""
    return cache_folder() / "downloads" / name


def obtain(files: Sequence[RemoteFile], last: Sequence[Source] = ()) -> list[Path]:
    """Paths in the cache of ``files`` (all of one folder), downloaded where need be.

    ``last`` holds further sources, to be tried when all the others failed. Raises GanpipeError
    with every source that was tried and why it failed.
    """
    folder = downloads_folder(files[0].folder)
    paths = [folder / file.name for file in files]
    if all(_is_whole(file, path) for file, path in zip(files, paths, strict=True)):
        return paths
    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):  # two experiments may want the same file
            dead: dict[str, str] = {}
            for file, path in zip(files, paths, strict=True):
                _obtain_one(file, path, last=last, dead=dead)
    return paths


def verify(file: RemoteFile, path: Path) -> None:
    """Raise SourceError unless ``path`` holds what the checksum says."""
    algorithm, wanted = file.checksum.split(":")
    digest = hashlib.new(algorithm, usedforsecurity=False)
    blocks = content(file, path) if file.checksum_of_content else _blocks(path, open, file.limit)
    for block in blocks:
        digest.update(block)
    if digest.hexdigest() != wanted:
        raise SourceError(
            f"holds something else: its {algorithm} is {digest.hexdigest()}, not {wanted}"
        )


def content(file: RemoteFile, path: Path) -> Iterator[bytes]:
    """Blocks of the content of ``path``, decompressed where gzipped; at most ``file.size``."""
    return _blocks(path, gzip.open if file.gzipped else open, file.size)


def _blocks(path: Path, opener: Callable[..., object], limit: int) -> Iterator[bytes]:
    """Content in blocks; SourceError where it is damaged or longer than ``limit``."""
    count = 0
    try:
        with opener(path, "rb") as source:  # type: ignore[attr-defined]
            while block := source.read(BLOCK):
                count += len(block)
                if count > limit:
                    raise SourceError(f"holds more than the {limit:,} bytes that are right")
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"is not a whole gzip file ({error})") from None


def _obtain_one(
    file: RemoteFile, path: Path, *, last: Sequence[Source], dead: dict[str, str]
) -> None:
    """Try every source for one file; ``dead`` collects those that do not answer at all."""
    failures = []
    if path.exists():
        try:
            return verify(file, path)
        except SourceError as error:
            path.unlink()
            failures.append(f"{path}: {error}; it was deleted")
    for source in [*_sources(file), *last]:
        try:
            if source.label in dead:
                raise SourceError(dead[source.label])
            return source.get(file, path)
        except SourceError as error:
            failures.append(f"{source.label}: {error}")
            if isinstance(error, UnreachableError):
                dead[source.label] = str(error)
    raise GanpipeError(_advice(file, path, failures))


def _sources(file: RemoteFile) -> Iterator[Source]:
    """The mirror and the public hosts."""
    mirror = os.environ.get("GANPIPE_MIRROR", "")
    if mirror.startswith(("http://", "https://")):
        base = f"{mirror.rstrip('/')}/{file.folder}/"
        shown = re.sub("//[^/@]*@", "//", mirror)  # without a password
        yield Source(f"GANPIPE_MIRROR {shown}", partial(_download, base))
    elif mirror:
        folder = Path(mirror).expanduser() / file.folder
        yield Source(f"GANPIPE_MIRROR {mirror}", partial(_copy, folder))
    for host in () if is_offline() else file.hosts:
        yield Source(host, partial(_download, host))


def is_offline() -> bool:
    """Whether the user forbids to contact public hosts."""
    return os.environ.get("GANPIPE_OFFLINE", "") not in ("", "0")


def _copy(folder: Path, file: RemoteFile, path: Path) -> None:
    """From a mirror that is a folder."""
    origin = folder / file.name
    if not origin.is_file():
        raise SourceError(f"there is no file {origin}")
    try:
        verify(file, origin)
    except PermissionError as error:
        raise SourceError(f"{origin} cannot be read ({error.strerror})") from None
    with atomic_path(path) as temporary, origin.open("rb") as found, temporary.open("wb") as target:
        shutil.copyfileobj(found, target)


def _download(base: str, file: RemoteFile, path: Path) -> None:
    """From a URL, by way of a partial file that survives an interruption."""
    part = path.with_name(path.name + ".part")
    for resumed in (part.exists(), False):
        fetch(base + file.name, part, file.limit)
        try:
            verify(file, part)
            break
        except SourceError:
            part.unlink()  # when it was begun by another source, a fresh start can help
            if not resumed:
                raise
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    part.replace(path)


def _is_whole(file: RemoteFile, path: Path) -> bool:
    try:
        verify(file, path)
    except (SourceError, OSError):
        return False
    return True


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Say what to do when the cache folder can't be written."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise
        raise GanpipeError(
            f"the cache folder {folder} cannot be written ({error.strerror}: {error.filename}); "
            "set GANPIPE_CACHE to a folder that can"
        ) from None


def _advice(file: RemoteFile, path: Path, failures: list[str]) -> str:
    """All failures to download a file, and what to do."""
    if is_offline():
        failures.append("public hosts: not asked, as GANPIPE_OFFLINE is set")
    lines = "".join(f"\n  {failure}" for failure in failures)
    return (
        f"{file.name} of {file.folder} could not be downloaded from any source:{lines}\n"
        f"Check the network and run the same command again; or put the file at {path}; "
        f"or set GANPIPE_MIRROR to a folder or URL that has {file.folder}/{file.name}."
    )
