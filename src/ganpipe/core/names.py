"""The valid name that a wrong one was probably meant to be."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def nearest(name: str, valid: Sequence[str], what: str) -> str:
    """``did you mean 'x'?`` where a valid name is close, otherwise all of them."""
    close = closest(name, valid)
    return f"did you mean '{close}'?" if close else f"the {what} are {', '.join(valid)}"


def closest(name: str, valid: Sequence[str]) -> str | None:
    """The valid name that ``name`` was probably meant to be, whatever its case; None if none is."""
    plain = {_plain(each): each for each in valid}
    close = get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
