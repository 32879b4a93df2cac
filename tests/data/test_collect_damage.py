"""Archives of images that are cut short or have other bytes."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from helpers.collecting import WRITERS, collect, contents, refused, write_tar

from ganpipe.core.errors import GanpipeError


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
@pytest.mark.parametrize("eighth", range(1, 8))
def test_a_damaged_archive(tmp_path: Path, name: str, damage: str, eighth: int) -> None:
    """Never fewer images than the archive had without a word."""
    noise = {f"{k}.png": random.Random(k).randbytes(4000) for k in range(9)}
    path = WRITERS[name](tmp_path / name, noise)
    content = bytearray(path.read_bytes())
    place = len(content) * eighth // 8
    content[place : place + 600] = b"!" * 600
    path.write_bytes(content if damage == "flipped" else content[:place])
    if name == "a.tar":  # it has checksums of its headers alone, and padding that can be cut
        with contextlib.suppress(GanpipeError):
            collect(str(path), tmp_path / "raw")
            assert contents(tmp_path / "raw").keys() == noise.keys()
    else:
        refused(path, "cannot be unpacked|neither a folder")


@pytest.mark.parametrize("member", [3, 8])
def test_a_damaged_header_in_a_tar(tmp_path: Path, member: int) -> None:
    path = write_tar(tmp_path / "a.tar", {f"{k}.png": bytes([k + 1]) * 10 for k in range(9)})
    content = bytearray(path.read_bytes())
    content[member * 1024 + 100] ^= 1
    path.write_bytes(content)
    refused(path, "a header in the middle")
