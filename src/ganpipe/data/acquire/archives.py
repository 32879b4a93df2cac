"""The members of .zip and .tar.* archives that may be damaged."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple, cast

from ganpipe.core.errors import GanpipeError

BLOCK = 1 << 20
FAT = 0  # the system of a .zip that was made on Windows


class Member(NamedTuple):
    """A member of an archive that is no folder."""

    name: str
    open: Callable[[], IO[bytes]] | None  # None of what is no file: a link, a device
    same_as: str = ""  # the member that a hard link stands for


def zip_members(source: Path) -> Iterator[Member]:
    """The members of a .zip, one after the other."""
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            # Some programs on Windows separate folders by what is a plain character elsewhere.
            windows = info.create_system == FAT
            name = info.filename.replace("\\", "/") if windows else info.filename
            if name.endswith("/"):
                continue
            is_link = stat.S_ISLNK(info.external_attr >> 16)
            yield Member(name, None if is_link else partial(archive.open, info))


def tar_members(source: Path) -> Iterator[Member]:
    """The members of a .tar.*, one after the other; each is to be read before the next.

    Raises tarfile.ReadError where the archive ends early.
    """
    # Not tarfile's own decompression, which checks no checksum of the whole.
    with _decompressed(source) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
        for member in archive:
            if member.isdir():
                continue
            content = partial(archive.extractfile, member) if member.isreg() else None
            same_as = member.linkname if member.islnk() else ""
            yield Member(member.name, cast("Callable[[], IO[bytes]] | None", content), same_as)
        _check_end(archive)


def _decompressed(source: Path) -> IO[bytes]:
    with source.open("rb") as start:
        magic = start.read(6)
    for signature, opener in (
        (b"\x1f\x8b", gzip.open),
        (b"BZh", bz2.open),
        (b"\xfd7zXZ", lzma.open),
    ):
        if magic.startswith(signature):
            return cast(IO[bytes], opener(source))
    return source.open("rb")


def _check_end(archive: tarfile.TarFile) -> None:
    """Raise tarfile.ReadError unless the archive ends in zeros: at a damaged header in its
    middle, tarfile stops without a word."""
    stream = cast(IO[bytes], archive.fileobj)
    while block := stream.read(BLOCK):
        if block.strip(b"\0"):
            raise tarfile.ReadError("a header in the middle is damaged")
    if stream.tell() - archive.offset < tarfile.BLOCKSIZE:
        raise tarfile.ReadError("its end is missing")


@contextmanager
def archive_errors(source: Path) -> Iterator[None]:
    """Turn what the archive modules raise on damaged archives into GanpipeError."""
    damage = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
    try:
        yield
    except (*damage, NotImplementedError, RuntimeError) as error:
        raise GanpipeError(f"{source} cannot be unpacked ({error}); make it anew") from None
    except OSError as error:
        if error.errno is not None:  # bz2 reports damage as an OSError without a number
            raise
        raise GanpipeError(f"{source} cannot be unpacked ({error}); make it anew") from None
