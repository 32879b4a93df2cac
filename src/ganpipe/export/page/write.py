"""Write the page of a run, or of a weights file."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import torch

from ganpipe import __version__
from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.export.onnx import export_onnx
from ganpipe.export.page.assemble import carried_json, document, fragment
from ganpipe.export.page.belonging import of_evaluation, of_snapshots
from ganpipe.export.page.charts import cursor_shift
from ganpipe.export.page.figures import shown, title
from ganpipe.export.page.live import Live, Way, description, live, side_names, ways
from ganpipe.export.page.origin import origin
from ganpipe.export.page.report import report, run_highlights, snapshot_chart, snapshot_figures
from ganpipe.export.page.runtime import VERSION
from ganpipe.export.page.sheets import Sheet, sheet
from ganpipe.sampling.film import progress_frames
from ganpipe.sampling.pictures import translates
from ganpipe.sampling.trained import Trained, load_trained
from ganpipe.storage.files import atomic_path

log = logging.getLogger(__name__)

CPU = torch.device("cpu")


def write_run_page(out: Path, params: Mapping[str, Any], *, only_whole: bool = False) -> None:
    """Write the page of the run in this folder to ``out``, atomically; ``params`` are the run's.

    Where the network cannot be put into it, the page holds the pictures of the training and the
    report, and a warning says why; with ``only_whole`` that is an error. It holds no time, path or
    name of a machine. Raises GanpipeError where weights, ONNX files or pictures of the training are
    missing or damaged.
    """
    trained = load_trained(paths.GENERATOR, CPU)
    names = side_names(trained, params)
    missing = ""
    try:
        drawn = live(ways(), names)
    except GanpipeError as error:
        if only_whole:
            raise
        missing = f"The network does not run in this page: {error}; then run `ganpipe page`."
        log.warning(missing)
        drawn = Live.none()
    about_training, section = _training(trained)
    evaluated = of_evaluation()
    sections = [*drawn.sections, section, *report(trained, params, origin(), evaluated)]
    content = {**drawn.content, "training": about_training}
    about = description(trained, names)
    _write(out, trained, drawn, content, sections, about, run_highlights(evaluated), missing)


def write_weights_page(out: Path, weights: Path) -> None:
    """Write a page of a weights file alone to ``out``, atomically.

    Raises GanpipeError where it is missing or damaged, where packages of the extra `export` or the
    runtime are missing, and for weights that translate, whose test pictures belong to a run.
    """
    trained = load_trained(weights, CPU)
    if translates(trained.sampler):
        raise GanpipeError(
            f"{weights} translates pictures, and a page shows those of its run; run `ganpipe page` "
            "without --weights where it was trained"
        )
    with tempfile.TemporaryDirectory() as scratch:
        onnx = Path(scratch) / "generator.onnx"
        export_onnx(trained.sampler, onnx, metadata={})
        drawn = live([Way(trained, onnx)], {})
    _write(out, trained, drawn, drawn.content, drawn.sections, description(trained, {}), "", "")


def _write(
    out: Path,
    trained: Trained,
    drawn: Live,
    content: Mapping[str, Any],
    sections: Sequence[str],
    about: str,
    highlights: str,
    missing: str,
) -> None:
    model = str(trained.provenance.get("model_name", "generator"))
    dataset = trained.provenance.get("dataset")
    text = document(
        title=escape(f"{model} on {dataset}" if dataset else model),
        about=about,
        highlights=highlights,
        missing=escape(missing),
        sections="\n".join(sections),
        footer=_footer(bool(drawn.carried)),
        carried=drawn.carried + carried_json("data", {**content, "name": model}),
    )
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _training(trained: Trained) -> tuple[dict[str, Any], str]:
    """The data of the slider through the training, and its section."""
    frames = progress_frames()
    made: Sheet = sheet(list(frames.values()))
    measured = of_snapshots()
    names, figures = snapshot_figures() if measured.shown else ([], {})
    times = []
    for place, index in enumerate(made.kept):
        seen = list(frames)[index]
        words = f"{seen:,} images"
        if seen in figures:
            words += "".join(f", {title(name)} {shown(figures[seen][name])}" for name in names)
        shift = cursor_shift(seen, max(frames) or 1)
        times.append({**made.place(place), "words": words, "shift": shift})
    if translates(trained.sampler):
        hint = "The same test pictures, their translations and the truth, row by row."
    else:
        hint = "The same noise at every snapshot."
    if measured.note:
        log.warning(measured.note)
        hint += f" {escape(measured.note)}"
    about = {"width": made.width, "height": made.height, "times": times}
    chart = snapshot_chart(names, figures)
    return about, fragment("training", sheet=made.url, training_hint=hint, chart=chart)


def _footer(runs: bool) -> str:
    words = f"Written by ganpipe {__version__}."
    if runs:
        words += (
            f" The network runs in this page, by ONNX Runtime Web {VERSION} (MIT licence, © "
            "Microsoft Corporation); nothing leaves it."
        )
    return words
