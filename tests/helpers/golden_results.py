"""Compare the results of two runs: tensors, pictures and figures."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

FIGURES = ("evaluate.json", "snapshots.json", "snapshots.csv", "class_share.csv")
SHOWN = 5  # differences of one run that are printed


def report(
    name: str, older: Path, newer: Path, *, may_leave: re.Pattern[str], notes: set[str]
) -> bool:
    """Print the line of one run; whether nothing differs. Figures that only the older checkout has
    and that ``may_leave`` matches go into ``notes``."""
    found: list[str] = []
    counts: list[str] = []
    for kind, read in {"tensors": tensors, "pictures": pictures, "figures": figures}.items():
        before, now = dict(read(older)), dict(read(newer))
        for entry in sorted(before.keys() - now.keys()):
            expected = kind == "figures" and may_leave.search(entry)
            (notes.add if expected else found.append)(f"only in older: {entry}")
        for entry in sorted(now.keys() - before.keys()):
            (notes.add if kind == "figures" else found.append)(f"only in newer: {entry}")
        both = [entry for entry in before if entry in now]
        found += [
            f"{entry}: {before[entry][0]}, now {now[entry][0]}"
            if before[entry][0] != now[entry][0]
            else f"{entry}: other bytes ({now[entry][0]})"
            for entry in both
            if before[entry] != now[entry]
        ]
        if not both:
            found.append(f"no {kind} to compare")
        counts.append(f"{len(both)} {kind}")
    if found:
        more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        print(f"{name}: DIFFERS", *found[:SHOWN], *more, sep="\n  ", flush=True)
    else:
        print(f"{name}: same ({', '.join(counts)})", flush=True)
    return not found


Entries = Iterator[tuple[str, tuple[str, bytes]]]  # a name, what a message says of it, the content


def tensors(results: Path) -> Entries:
    """Every tensor of every .safetensors file, whose metadata is passed over."""
    for path in sorted((results / "models").rglob("*.safetensors")):
        content = path.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        for name, about in json.loads(content[8:start]).items():
            if name != "__metadata__":
                begin, end = (start + offset for offset in about["data_offsets"])
                key = f"{path.relative_to(results)}: {name}"
                yield key, (f"{about['dtype']} {about['shape']}", content[begin:end])


def pictures(results: Path) -> Entries:
    """The pixels of every PNG file; a progress grid is known by its number of images alone."""
    for path in sorted((results / "samples").rglob("*.png")):
        with Image.open(path) as image:
            about = f"{image.mode} {image.width} x {image.height}"
            name = re.sub(r"^images_(?=\d+\.png$)", "", path.name)
            yield str(path.with_name(name).relative_to(results)), (about, image.tobytes())


def figures(results: Path) -> Entries:
    """Every number of the metrics, by its file and dotted name, and the whole training curve."""
    for path in (results / "metrics" / name for name in ("train.csv", *FIGURES)):
        if not path.is_file():
            continue
        if path.name == "train.csv":
            yield "metrics/train.csv", ("text", path.read_bytes())
            continue
        text = path.read_text(encoding="utf-8")
        is_json = path.suffix == ".json"
        content = json.loads(text) if is_json else list(csv.DictReader(text.splitlines()))
        for name, number in leaves(content):
            yield f"metrics/{path.name}: {name}", (number, b"")


def leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The numbers in nested mappings and lists, as text, with their dotted names."""
    if isinstance(content, dict | list):
        for name, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from leaves(value, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(content, int | float):
        yield prefix, repr(content)
    elif isinstance(content, str):  # in a CSV file a number is a text
        with suppress(ValueError):
            yield prefix, repr(float(content))
