"""The curve of FID and KID over training, and the snapshot that it calls the best."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ganpipe.files import atomic_path


def best_and_last(rows: Sequence[dict[str, Any]], metric: str, num: int) -> dict[str, Any]:
    """The row with the lowest ``metric``, the earliest where two are equal, the last row, and the
    rule that chose."""
    return {
        "rule": f"lowest {metric} of {num} images from fixed noise",
        "best": min(rows, key=lambda row: row[metric]),
        "last": rows[-1],
    }


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    """A CSV file for plots, atomically."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
