"""Image files without their metadata, for those whose metadata Pillow cannot parse."""

from __future__ import annotations

import zlib

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
PNG_METADATA = frozenset(  # and the frames of an animation after the first
    b"tEXt zTXt iTXt iCCP gAMA cHRM sRGB cICP mDCV cLLI sBIT bKGD hIST pHYs tIME sPLT "
    b"acTL fcTL fdAT eXIf".split()
)


def without_metadata(content: bytes) -> bytes | None:
    """A PNG or JPEG file with nothing but what decides its pixels and its orientation.

    None of another format, whose metadata cannot be told from its pixels.
    """
    if content.startswith(PNG):
        return PNG + b"".join(_png_chunks(content))
    if content.startswith(JPEG):
        return JPEG + b"".join(_jpeg_segments(content))
    return None


def _png_chunks(content: bytes) -> list[bytes]:
    """All but the chunks of metadata; of those EXIF data stay where they are whole. A name that is
    not known may be a damaged one of pixels, and nothing is mended."""
    kept: list[bytes] = []
    place = len(PNG)
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        name = content[place + 4 : place + 8]
        chunk = content[place : place + 12 + length]
        checksum = int.from_bytes(chunk[-4:], "big")
        whole_exif = name == b"eXIf" and zlib.crc32(chunk[4:-4]) == checksum
        if name not in PNG_METADATA or whole_exif:
            kept.append(chunk)
        place += len(chunk)
    return kept


def _jpeg_segments(content: bytes) -> list[bytes]:
    """All but comments and the segments of applications; of those EXIF data (APP1) and Adobe's
    transform of colours (APP14) stay."""
    kept: list[bytes] = []
    place = len(JPEG)
    while place + 4 <= len(content):
        marker = content[place + 1]
        if content[place] != 0xFF or marker == 0xDA:  # damaged, or the pixels begin
            break
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        is_metadata = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not is_metadata or marker in (0xE1, 0xEE):
            kept.append(content[place:end])
        place = end
    return [*kept, content[place:]]
