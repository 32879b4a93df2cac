"""Check what a user names as a place to write to before time is spent, and fill a folder there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ganpipe.core.errors import GanpipeError


def check_file(out: Path, kind: str) -> None:
    """Raise GanpipeError unless a file can stand at ``out``; ``kind`` is what to name instead."""
    if out.is_dir():
        raise GanpipeError(f"--out is {out}, which is a folder; name {kind}")
    if out.exists() and not out.is_file():
        raise GanpipeError(f"--out is {out}, which is no regular file; name {kind}")
    check_parents(out)


def check_parents(out: Path) -> None:
    """Raise GanpipeError where something that is no folder stands above ``out``."""
    for parent in out.parents:
        if os.path.lexists(parent):
            if not parent.is_dir():
                raise GanpipeError(
                    f"--out is {out}, and {parent} is no folder; name a place in a folder"
                )
            return


def check_folder(out: Path, possible: str) -> None:
    """Raise GanpipeError unless ``out`` is new or an empty folder; ``possible`` can be named."""
    if out.is_dir():
        if any(out.iterdir()):
            raise GanpipeError(f"{out} is not empty; name {possible}")
    elif out.exists():
        raise GanpipeError(f"--out is {out}, which is a file; name {possible}")
    elif out.is_symlink():
        raise GanpipeError(f"--out is {out}, a link to what is not there; name {possible}")
    check_parents(out)


def check_outside(out: Path, source: Path) -> None:
    """Raise GanpipeError where ``out`` is within the folder of pictures ``source``."""
    if out.resolve().is_relative_to(source.resolve()):
        raise GanpipeError(
            f"--out is {out}, within --input, {source}: another run would translate translations; "
            "name a folder outside of it"
        )


@contextmanager
def filled_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder whose content goes to ``out``, new or empty, when the block succeeds.

    A new ``out`` appears with everything in it. An empty folder that is there stays the same
    folder, since it may be a mount point, the target of a link or the current one: its content is
    collected in a hidden folder within it. When the block raises, nothing is left.
    """
    is_new = not out.is_dir()
    place = out.parent if is_new else out
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=place, prefix=f".{out.resolve().name}.") as temporary:
        folder = Path(temporary) / "content"
        folder.mkdir()
        yield folder
        if is_new:
            folder.replace(out)
        else:
            _move_content(folder, out)


def _move_content(folder: Path, out: Path) -> None:
    """Move everything in ``folder`` to ``out``, on the same file system, or nothing."""
    moved: list[Path] = []
    try:
        for path in sorted(folder.iterdir()):
            target = out / path.name
            if os.path.lexists(target):
                raise GanpipeError(f"{target} has appeared meanwhile; name a new folder")
            path.rename(target)
            moved.append(target)
    except BaseException:
        for target in moved:
            target.rename(folder / target.name)
        raise
