"""The part of a page that reports on the run: HTML of what the stages wrote, if they did."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError
from ruamel.yaml import YAML

from ganpipe.core import paths
from ganpipe.export.page.belonging import Belonging, of_parameters
from ganpipe.export.page.charts import Curve, bars, curves
from ganpipe.export.page.figures import figures_table, highlights, title
from ganpipe.export.page.origin import Origin
from ganpipe.export.page.places import without_places
from ganpipe.export.page.sheets import picture_url
from ganpipe.sampling.trained import Trained
from ganpipe.storage.files import read_json, reading

log = logging.getLogger(__name__)

X = "images_seen"
MOST_TERMS = 6  # charts of single columns of the curve

SnapshotFigures = tuple[list[str], dict[int, dict[str, float]]]
"""Names of FIDs, and their values by the images seen and by name."""


def report(
    trained: Trained, params: Mapping[str, Any], origin: Origin | None, evaluated: Belonging
) -> list[str]:
    """HTML sections about the run in this folder, which ``trained`` the network of the page;
    ``params`` are its parameters, ``evaluated`` says whose its figures are.

    A section whose files are missing is left out. Where figures are of other weights, a sentence
    stands in their place, and a warning says it. Raises GanpipeError for damaged files.
    """
    if evaluated.note and not evaluated.shown:
        log.warning(evaluated.note)
    of_images = (_classes(), _closest()) if evaluated.shown else ("", "")
    sections = (_figures(evaluated), _training(), *of_images, _parameters(trained, params, origin))
    return [section for section in sections if section]


def run_highlights(evaluated: Belonging) -> str:
    """The few figures under the page's title; empty where none are of the page's network."""
    if evaluated != Belonging(True):
        return ""
    return highlights(read_json(paths.EVALUATE_METRICS, "evaluate"))


def snapshot_figures() -> SnapshotFigures:
    """The FIDs that the stage `snapshots` has measured."""
    with reading(paths.SNAPSHOT_CURVE, "snapshots"):
        rows = _rows(paths.SNAPSHOT_CURVE)
        names = [name for name in (rows[0] if rows else {}) if name.startswith("fid")]
        return names, {int(row[X]): {name: float(row[name]) for name in names} for row in rows}


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def _figures(evaluated: Belonging) -> str:
    note = f'<p class="hint">{escape(evaluated.note)}</p>' if evaluated.note else ""
    if not evaluated.shown:
        return note and _section("figures", "How good the images are", note)
    figures = read_json(paths.EVALUATE_METRICS, "evaluate")
    record = read_json(paths.EVALUATE_PROTOCOL, "evaluate")
    with reading(paths.EVALUATE_PROTOCOL, "evaluate"):
        generated = record["generated"]
        images = f"{generated['num_generated']:,} generated images, {generated['quantisation']}"
    with reading(paths.EVALUATE_METRICS, "evaluate"):
        protocol = figures["protocol"]
    words = (
        f"{images}; the floor is what held-out real images get. Figures of two runs can be "
        "compared where the hash of their protocols is the same: this one is "
        f"<code>{protocol}</code>."
    )
    text = escape(json.dumps(record, indent=2))
    details = f"<details><summary>The whole protocol</summary><pre>{text}</pre></details>"
    body = f'{note}{figures_table(figures)}<p class="hint">{words}</p>{details}'
    return _section("figures", "How good the images are", body)


def snapshot_chart(names: Sequence[str], figures: Mapping[int, Mapping[str, float]]) -> str:
    """The first of :func:`snapshot_figures` as a figure with a cursor; empty where there is
    none."""
    if not names:
        return ""
    floor = read_json(paths.SNAPSHOT_METRICS, "snapshots").get(f"{names[0]}_floor")
    line = [(seen, values[names[0]]) for seen, values in figures.items()]
    return curves(title(names[0]), "images seen", {names[0]: line}, floor=floor, cursor="cursor")


def _training() -> str:
    charts = []
    if paths.TRAIN_CURVE.exists():
        with reading(paths.TRAIN_CURVE, "train"):
            columns = columns_of(paths.TRAIN_CURVE)
        groups = {
            "Losses": [name for name in columns if name.endswith("_loss")],
            "Outputs of the discriminator": [n for n in columns if n in ("d_real", "d_fake")],
        }
        others = [n for n in columns if not any(n in group for group in groups.values())]
        groups |= {name: [name] for name in others[:MOST_TERMS]}
        for words, names in groups.items():
            if names:
                lines = {name: columns[name] for name in names[:4]}
                charts.append(curves(words, "images seen", lines))
    return (
        _section("curves", "Over the training", f'<div class="charts">{"".join(charts)}</div>')
        if charts
        else ""
    )


def columns_of(file: Path) -> dict[str, Curve]:
    """The columns of a CSV file over the images seen, without blanks and what is not finite, and
    without columns that never change."""
    rows = _rows(file)
    lines = {
        name: [
            (float(row[X]), float(row[name])) for row in rows if isfinite(float(row[name] or "nan"))
        ]
        for name in (rows[0] if rows else {})
        if name not in ("step", X)
    }
    return {name: line for name, line in lines.items() if len({y for _, y in line}) > 1}


def _classes() -> str:
    if not paths.CLASS_SHARES.exists():
        return ""
    with reading(paths.CLASS_SHARES, "evaluate"):
        shares = {row["class"]: float(row["share"]) for row in _rows(paths.CLASS_SHARES)}
    if not shares:
        return ""
    words = "The classes that the classifier sees in the generated images."
    chart = bars("Share of each class", shares, "%")
    return _section(
        "classes", "Classes", f'<p class="hint">{words}</p><div class="charts">{chart}</div>'
    )


def _closest() -> str:
    if not paths.CLOSEST.exists():
        return ""
    with reading(paths.CLOSEST, "evaluate"):
        try:
            with Image.open(paths.CLOSEST) as picture:
                width, height = picture.size
        except UnidentifiedImageError:
            raise ValueError("it is no image") from None
    words = (
        "The generated images that come closest to training images, each over its neighbour. Pairs "
        "that are equal would be copies."
    )
    image = (
        f'<img class="pixels" src="{picture_url(paths.CLOSEST)}" width="{2 * width}" '
        f'height="{2 * height}" alt="Rows of generated images, each over the training image that '
        'is nearest to it">'
    )
    return _section("closest", "Closest training images", f'<p class="hint">{words}</p>{image}')


def _parameters(trained: Trained, params: Mapping[str, Any], origin: Origin | None) -> str:
    changes = of_parameters(trained, params)
    shown = escape(_yaml(without_places(params)))
    body = f"<details><summary>Parameters</summary><pre>{shown}</pre></details>"
    if origin is not None:
        changed = " with changes of the code that are not committed" if origin.changed_code else ""
        line = escape(f"git checkout {origin.commit}\n{origin.command}")
        body = (
            f'<p class="hint">Made from commit <code>{origin.commit}</code>{changed}. In a clone, '
            f"this makes it again:</p><pre>{line}</pre>{body}"
        )
    note = f'<p class="hint">{escape(changes)}</p>' if changes else ""
    return _section("again", "Make it again", note + body)


def _yaml(content: Mapping[str, Any]) -> str:
    text = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.dump(dict(content), text)
    return text.getvalue()


def _section(name: str, heading: str, body: str) -> str:
    head = f'<h2 id="{name}-title">{heading}</h2>'
    return f'<section aria-labelledby="{name}-title">{head}{body}</section>'
