"""The user's own images, from a folder or an archive into data/raw, under names that are safe."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, cast

from ganpipe.core.errors import GanpipeError
from ganpipe.storage.files import atomic_folder

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
MAX_IMAGES = 2_000_000
MAX_IMAGE_BYTES = 1 << 28  # of one image, as compressed by its format
MAX_TOTAL_BYTES = 1 << 37
BLOCK = 1 << 20


@dataclass
class _Collection:
    """What was taken so far."""

    source: Path
    folder: Path
    suffixes: frozenset[str]
    images: int = 0
    total: int = 0  # bytes
    ignored: list[str] = field(default_factory=list)

    def wants(self, name: str) -> bool:
        """Whether ``name`` is an image's. Raises GanpipeError where it leads out of the folder."""
        path = PurePosixPath(name)
        if not _is_safe(name, path):
            raise GanpipeError(f"{self.source} holds the unsafe name {name!r}; remove it")
        if is_hidden(path):
            return False
        if path.suffix.lower() in self.suffixes:
            return True
        self.ignored.append(name)
        return False

    def take(self, name: str, content: IO[bytes]) -> None:
        """Write one image; its name was accepted by :meth:`wants`."""
        target = self.folder / PurePosixPath(name)
        self.images += 1
        if self.images > MAX_IMAGES:
            raise GanpipeError(f"{self.source} holds more than {MAX_IMAGES:,} images")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            written = target.open("xb")
        except (FileExistsError, NotADirectoryError):
            raise GanpipeError(f"{self.source} holds {name} twice; remove one") from None
        size = 0
        with written:
            while block := content.read(BLOCK):
                size += len(block)
                self.total += len(block)
                if size > MAX_IMAGE_BYTES or self.total > MAX_TOTAL_BYTES:
                    raise GanpipeError(
                        f"{self.source} is too large at {name}: one image may have "
                        f"{MAX_IMAGE_BYTES >> 20} MiB and all of them {MAX_TOTAL_BYTES >> 30} GiB"
                    )
                written.write(block)


def refused_link(source: Path, name: str) -> GanpipeError:
    """The error for a link, which could show anything under an image's name."""
    return GanpipeError(f"{source} holds the link {name}; put the file itself there")


def is_hidden(inside: PurePath) -> bool:
    """Whether a name within a folder or an archive is hidden, or what macOS adds to archives."""
    return any(part.startswith(".") or part == "__MACOSX" for part in inside.parts)


def collect(path: str, raw: Path) -> None:
    """Copy the dataset's images, a folder, .zip or .tar.*, into the folder ``raw``, replacing it.

    Raises GanpipeError as :func:`copy_images` does, and where there are no images.
    """
    source = Path(path)
    _check_place(source, raw)
    with atomic_folder(raw) as folder:
        if not copy_images(source, folder, SUFFIXES):
            raise GanpipeError(
                f"datasets.folder.path is {source}, which holds no PNG, JPEG or WebP images; put "
                "yours there or name another folder or archive (an absolute path where the "
                "experiment is queued or --temp: it sees only what git or DVC tracks)"
            )


def copy_images(source: Path, folder: Path, suffixes: frozenset[str]) -> int:
    """Copy the images of a folder, .zip or .tar.* into the empty ``folder``; how many they are.

    Hidden files are passed over; files that are no images by their ``suffixes`` are counted. Raises
    GanpipeError where a name or link leads out, or the archive is damaged.
    """
    found = _Collection(source, folder, suffixes)
    with _archive_errors(source):
        if source.is_dir():
            _from_folder(source, found)
        elif zipfile.is_zipfile(source):
            _from_zip(source, found)
        elif tarfile.is_tarfile(source):
            _from_tar(source, found)
        else:
            raise GanpipeError(f"{source} is neither a folder nor a .zip or .tar.* archive")
    print(f"{source}: {found.images:,} images, {found.total / 1e6:.1f} MB{_others(found.ignored)}")
    return found.images


def _others(ignored: list[str]) -> str:
    if not ignored:
        return ""
    plural = "" if len(ignored) == 1 else "s"
    return f"; {len(ignored):,} other file{plural} ignored (such as {ignored[0]})"


def _check_place(source: Path, raw: Path) -> None:
    if not source.exists():
        raise GanpipeError(f"datasets.folder.path is {source}, which does not exist")
    inner, outer = source.resolve(), raw.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise GanpipeError(f"datasets.folder.path is {source}, which overlaps {raw}; move it")


def _from_folder(source: Path, found: _Collection) -> None:
    root = source.resolve()
    for inside in walk(root):
        file = root / inside
        if not found.wants(inside.as_posix()):
            continue
        if not file.resolve().is_relative_to(root):
            raise refused_link(source, inside.as_posix())
        check_file(file)
        with _readable(file) as content:
            found.take(inside.as_posix(), content)


def walk(root: Path) -> Iterator[PurePath]:
    """What lies in a folder and the folders below, without those that are hidden, as paths within
    it.

    Raises GanpipeError for a folder that is a link or cannot be read: what lies there would be
    left out without a word.
    """

    def unreadable(error: OSError) -> None:
        raise GanpipeError(f"{error.filename} cannot be read ({error.strerror})")

    for parent, folders, names in os.walk(root, onerror=unreadable):
        relative = Path(parent).relative_to(root)
        folders[:] = sorted(name for name in folders if not is_hidden(relative / name))
        for name in folders:
            if Path(parent, name).is_symlink():
                raise refused_link(root, (relative / name).as_posix())
        for name in sorted(names):
            yield relative / name


def check_file(file: Path) -> None:
    """Raise GanpipeError for a pipe, a device, a link that leads nowhere."""
    if not file.is_file():
        raise GanpipeError(f"{file} is not a file; remove it")


@contextmanager
def _readable(file: Path) -> Iterator[IO[bytes]]:
    try:
        content = file.open("rb")
    except PermissionError as error:
        raise GanpipeError(f"{file} cannot be read ({error.strerror})") from None
    with content:
        yield content


def _from_zip(source: Path, found: _Collection) -> None:
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            if info.is_dir() or not found.wants(info.filename):
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                raise refused_link(source, info.filename)
            with archive.open(info) as content:
                found.take(info.filename, content)


def _from_tar(source: Path, found: _Collection) -> None:
    # Not tarfile's own decompression, which checks no checksum of the whole.
    with _decompressed(source) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
        for member in archive:
            if member.isdir() or not found.wants(member.name):
                continue
            content = archive.extractfile(member) if member.isreg() else None
            if content is None:
                raise refused_link(source, member.name)
            found.take(member.name, content)
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


def _is_safe(name: str, path: PurePosixPath) -> bool:
    """Whether a name stays in the folder on every system and can be printed."""
    try:
        sizes = [len(part.encode("utf-8")) for part in path.parts]
    except UnicodeEncodeError:
        return False
    return not (
        path.is_absolute()
        or ".." in path.parts
        or not path.parts
        or max(sizes) > 255
        or any(character < " " or character in "\\:\x7f" for character in name)
    )


@contextmanager
def _archive_errors(source: Path) -> Iterator[None]:
    """What the archive modules raise on damaged archives."""
    damage = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
    try:
        yield
    except (*damage, NotImplementedError, RuntimeError) as error:
        raise GanpipeError(f"{source} cannot be unpacked ({error}); make it anew") from None
    except OSError as error:
        if error.errno is not None:  # bz2 reports damage as an OSError without a number
            raise
        raise GanpipeError(f"{source} cannot be unpacked ({error}); make it anew") from None
