"""The curve of FID and KID over training, and the snapshot that it calls the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def best_and_last(rows: Sequence[dict[str, Any]], metric: str, num: int) -> dict[str, Any]:
    """The row with the lowest ``metric``, the earliest where two are equal, the last row, and the
    rule that chose."""
    return {
        "rule": f"lowest {metric} of {num} images from fixed noise",
        "best": min(rows, key=lambda row: row[metric]),
        "last": rows[-1],
    }
