"""Disks that are full or read-only: a tmpfs where mounting is permitted, limits elsewhere."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILLER = "filler"


@contextmanager
def small_disk(folder: Path, free_kib: int) -> Iterator[Path]:
    """Put ``folder`` and what is in it on a disk of 64 MiB of which ``free_kib`` are free.

    Yields the file that fills it: to delete it is to free space.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = folder.with_name(f"{folder.name} before")
    shutil.copytree(folder, content, symlinks=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], check=True)
    try:
        shutil.copytree(content, folder, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(content)
        filler = folder / FILLER
        leave = shutil.disk_usage(folder).free - free_kib * 1024
        filler.write_bytes(bytes(leave))
        yield filler
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def read_only_disk(folder: Path) -> Iterator[None]:
    """Make ``folder`` one that not even root can write to."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def may_mount() -> bool:
    """Whether this process may mount; without, a limit on the size of files stands in."""
    probe = ["unshare", "--mount", "true"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
