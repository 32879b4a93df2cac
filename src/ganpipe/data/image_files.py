"""Recognise image files, and count the others."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePath

import PIL
from PIL import Image

log = logging.getLogger(__name__)

# Pillow's names. Left out are formats without a signature of their own (TGA), of drawings (EPS,
# WMF) and of programs and sciences (PSD, FITS), where one file does not mean one picture.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "BMP", "PPM", "TIFF", "GIF", "AVIF", "HEIF", "JPEG2000")
FLOATS = frozenset({".pfm"})  # the kind of PPM whose pixels are numbers without a white
OTHER_PICTURES = frozenset(  # pictures to a person, so it is said where they are not read
    {
        ".ai", ".arw", ".avif", ".avifs", ".cr2", ".cr3", ".dcm", ".dds", ".dng", ".eps", ".exr",
        ".fits", ".hdr", ".heic", ".heif", ".hif", ".ico", ".j2k", ".jp2", ".jpf", ".jpx", ".jxl",
        ".nef", ".orf", ".pcx", ".pfm", ".psd", ".raw", ".rw2", ".svg", ".tga", ".xcf",
    }
)  # fmt: skip
SYSTEM_FILES = frozenset({"desktop.ini", "ehthumbs.db", "icon\r", "thumbs.db"})
SYSTEM_FOLDERS = frozenset({"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"})


@cache
def suffixes() -> frozenset[str]:
    """Lower-case suffixes of the images that the installed Pillow reads: ``.png``, ``.jpg``..."""
    registered = Image.registered_extensions()
    return frozenset(suffix for suffix, name in registered.items() if name in FORMATS) - FLOATS


@cache
def readable_formats() -> tuple[str, ...]:
    """Those of :data:`FORMATS` that the installed Pillow reads; JPEG stands for MPO, too."""
    registered = set(Image.registered_extensions().values())
    return tuple(name for name in FORMATS if name in registered and name in Image.OPEN)


def is_hidden(inside: PurePath) -> bool:
    """Whether a path within a folder or an archive is hidden, or what a system keeps for itself:
    previews, or what macOS adds to archives."""
    if inside.name.lower() in SYSTEM_FILES:
        return True
    parts = [part for part in inside.parts if part != ".."]
    return any(part.startswith(".") or part in SYSTEM_FOLDERS for part in parts)


@dataclass
class Census:
    """Counts of a source's files by what becomes of them."""

    source: Path
    images: int = 0
    hidden: int = 0
    others: Counter[str] = field(default_factory=Counter)  # by lower-case suffix

    def takes(self, inside: PurePath) -> bool:
        """Whether the file at this path within the source is an image that is read; counts it."""
        suffix = inside.suffix.lower()
        if is_hidden(inside):
            self.hidden += 1
        elif suffix in suffixes():
            self.images += 1
            return True
        else:
            self.others[suffix] += 1
        return False

    def report(self, size: str = "") -> None:
        """Log what was found; a warning where there are pictures of formats that are not read."""
        parts = [f"{self.source}: {self.images:,} images{size}"]
        if self.others:
            parts.append(f"other files, which are ignored: {self.others_by_suffix()}")
        if self.hidden:
            parts.append(f"hidden and system files: {self.hidden:,}")
        log.info("; ".join(parts))
        unread = {suffix: n for suffix, n in self.others.items() if suffix in OTHER_PICTURES}
        if unread:
            log.warning(
                f"{self.source} holds pictures of formats that are not read here (Pillow "
                f"{PIL.__version__}): {_listed(unread)}; convert them to PNG or JPEG to use them"
            )

    def others_by_suffix(self) -> str:
        """``3 .txt, 1 .csv``, the most frequent first."""
        return _listed(dict(sorted(self.others.items(), key=lambda item: (-item[1], item[0]))))


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {suffix or 'without a suffix'}" for suffix, n in counts.items())
