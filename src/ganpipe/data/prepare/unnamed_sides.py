"""Pictures whose folders or names are of two sides, though not called A and B."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath

from ganpipe.core.errors import GanpipeError


def refuse_unnamed_sides(paths: Sequence[tuple[str, str]]) -> None:
    """Raise GanpipeError where pictures that are about to be halved look like partners in files of
    their own; ``paths`` are the split of each, or nothing, and its path below.

    They do where two folders, such as ``input`` and ``target``, at the top or at the same place
    below, hold the same names but for suffixes; and where all names end in ``_A`` or ``_B``, each
    with its partner.
    """
    stems = [(split, *PurePath(path).with_suffix("").parts) for split, path in paths]
    for depth in range(1, min(map(len, stems)) - 1):
        if found := _alike([(parts[depth], parts[:depth] + parts[depth + 1 :]) for parts in stems]):
            raise GanpipeError(
                f"the folders {found[0]} and {found[1]} hold pictures of the same names, as the "
                "two sides of pairs do, but no folder is called A or B, so that each picture would "
                f"be halved into a pair; {_remedy(found[0], found[1], depth)}; where they are "
                "classes of pictures that hold A and B side by side, give the pictures names of "
                "their own"
            )
    endings = [(parts[-1][-2:].lower(), (*parts[:-1], parts[-1][:-2])) for parts in stems]
    if _alike(endings) == ["_a", "_b"]:
        raise GanpipeError(
            "the names of pictures end in _A and _B, as the two sides of pairs do, but no folder "
            "is called A or B, so that each picture would be halved into a pair; put those of _A "
            "into a folder A, and those of _B into a folder B"
        )


def _alike(named: Sequence[tuple[str, tuple[str, ...]]]) -> list[str]:
    """The two names that all have, each with the same rests, once each; else none."""
    rests: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for name, rest in named:
        rests[name].append(rest)
    names = sorted(rests)
    alike = len(names) == 2 and sorted(rests[names[0]]) == sorted(rests[names[1]])
    return names if alike else []


def _remedy(one: str, other: str, depth: int) -> str:
    if depth > 1:  # below the split come classes, as far as anybody knows
        return f"put {one} and {other} above the other folders, and call them A and B"
    return f"rename {one} to A and {other} to B, or the other way round"
