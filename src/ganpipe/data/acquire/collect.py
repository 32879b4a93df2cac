"""The user's own images, from a folder or an archive into data/raw."""

from __future__ import annotations

import os
import re
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO

from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire.archives import Member, archive_errors, tar_members, zip_members
from ganpipe.data.acquire.source import check_source
from ganpipe.data.image_files import Census, is_hidden
from ganpipe.storage.files import atomic_folder

MAX_IMAGES = 2_000_000
MAX_IMAGE_BYTES = 1 << 28  # of one image, as compressed by its format
MAX_TOTAL_BYTES = 1 << 37
MAX_NAME_BYTES = 255  # of a file or folder, on the usual file systems
BLOCK = 1 << 20
UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # the last are bytes that are no UTF-8


@dataclass
class _Collection:
    """The images that were taken so far."""

    source: Path
    folder: Path
    census: Census = field(init=False)
    total: int = 0  # bytes

    def __post_init__(self) -> None:
        self.census = Census(self.source)

    def target(self, name: str) -> Path:
        """The path that the image ``name`` is written to. Raises GanpipeError where that is
        elsewhere than in the folder."""
        if not _stays_inside(name):
            raise GanpipeError(
                f"{self.source} holds the unsafe name {name!r}, which leads out of the folder; "
                "remove it"
            )
        parts = [_printable(part) for part in PurePath(name).parts]
        if max(len(part.encode()) for part in parts) > MAX_NAME_BYTES:
            raise GanpipeError(
                f"{self.source} holds the name {name!r}, which is too long for a file; shorten it"
            )
        return self.folder.joinpath(*parts)

    def has(self, name: str) -> bool:
        """Whether ``name`` is an image that was taken."""
        return _stays_inside(name) and self.target(name).is_file()

    def take(self, name: str, content: IO[bytes]) -> None:
        """Write one image that the census has counted."""
        target = self.target(name)
        if self.census.images > MAX_IMAGES:
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


def collect(path: str, raw: Path, field: str) -> None:
    """Copy the dataset's images, a folder, .zip or .tar.*, into the folder ``raw``, replacing it;
    ``field`` is the parameter that names ``path``.

    Raises GanpipeError as :func:`copy_images` does, and where there are no images.
    """
    source = Path(path)
    _check_place(source, raw, field)
    with atomic_folder(raw) as folder:
        census = copy_images(source, folder)
        if not census.images:
            others = f" (but {census.others_by_suffix()})" if census.others else ""
            raise GanpipeError(
                f"{field} is {source}, which holds no images such as PNG or JPEG"
                f"{others}; put yours there or name another folder or archive (an absolute path "
                "where the experiment is queued or --temp: it sees only what git or DVC tracks)"
            )


def copy_images(source: Path, folder: Path) -> Census:
    """Copy the images of a folder, .zip or .tar.* into the empty ``folder`` and count the files.

    Links to files are followed in a folder, not in an archive. Raises GanpipeError where a name or
    link leads out, or the archive is damaged.
    """
    found = _Collection(source, folder)
    with archive_errors(source):
        if source.is_dir():
            _from_folder(source, found)
        elif zipfile.is_zipfile(source):
            _from_archive(zip_members(source), found)
        elif tarfile.is_tarfile(source):
            _from_archive(tar_members(source), found)
        else:
            raise GanpipeError(f"{source} is neither a folder nor a .zip or .tar.* archive")
    found.census.report(f", {found.total / 1e6:.1f} MB")
    return found.census


def _check_place(source: Path, raw: Path, field: str) -> None:
    check_source(source, field)
    inner, outer = source.resolve(), raw.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise GanpipeError(f"{field} is {source}, which overlaps {raw}; move it")


def _from_folder(source: Path, found: _Collection) -> None:
    for inside in walk(source):
        file = source / inside
        if found.census.takes(inside):
            check_file(file)
            with _readable(file) as content:
                found.take(str(inside), content)


def _from_archive(members: Iterator[Member], found: _Collection) -> None:
    for member in members:
        if not found.census.takes(PurePath(member.name)):
            continue
        if found.has(member.same_as):
            with found.target(member.same_as).open("rb") as content:
                found.take(member.name, content)
        elif member.open is None:
            raise refused_link(found.source, member.name)
        else:
            with member.open() as content:
                found.take(member.name, content)


def refused_link(source: Path, name: str) -> GanpipeError:
    """The error for a link, which could show anything under an image's name."""
    return GanpipeError(f"{source} holds the link {name}; put the file itself there")


def walk(root: Path) -> Iterator[PurePath]:
    """The files in a folder and the folders below, without those that are hidden, as paths within
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


def _stays_inside(name: str) -> bool:
    """Whether a file of that name lies within the folder that it is written to, on this system."""
    inside = PurePath(name)
    return bool(inside.parts) and not inside.anchor and ".." not in inside.parts


def _printable(part: str) -> str:
    """A name with control characters, and bytes that are no UTF-8, written as ``%0A``."""
    return UNPRINTABLE.sub(lambda found: f"%{ord(found[0]) & 0xFF:02X}", part)
