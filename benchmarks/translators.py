"""Train translating blocks for as many minutes each, and write their table in docs/models.md.

    python benchmarks/translators.py --minutes 10 --jobs 2
    python benchmarks/translators.py --minutes 10 --photos folder colouring

Trainings, clones and rows are those of `models.py`. `colouring` needs a folder of photographs,
which are scaled to 32 pixels and whose subfolders are the classes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainings import COSTS, Clone, Table, Training, costs, fill, parser_of

HEADER = (
    "| training | `l1` | unchanged | `psnr` | `ssim` | `chroma_l1` | unchanged | `class_kept` | "
    "unchanged | `fid_classifier` | `cycle_l1` | "
    f"{COSTS}"
)
TASKS = (
    Training("edges_pix2pix", "pix2pix"),
    Training("edges_pix2pix_l1", "pix2pix_l1"),
    Training("colouring", "pix2pix", ("models.pix2pix.source.kind=grey",)),
    Training("inverted", "cyclegan"),
    Training("coloured", "cyclegan", ("models.cyclegan.source.kind=coloured",)),
    Training("thick", "cyclegan", ("models.cyclegan.source.kind=thick",)),
)


def cells(clone: Clone, epochs: int, seconds: float) -> Iterator[str]:
    """The figures of the experiment in the workspace, in the order of HEADER, those of the way
    back after a slash; an epoch takes ``seconds``."""
    figures = clone.figures("evaluate")
    yield _both(figures, "l1")
    yield _both(figures, "l1_unchanged")
    yield _both(figures, "psnr", 1)
    yield _both(figures, "ssim")
    yield _both(figures, "chroma_l1")
    yield _both(figures, "chroma_l1_unchanged")
    yield _both(figures, "class_kept")
    yield _both(figures, "class_kept_unchanged")
    yield _both(figures, "fid_classifier", 2)
    yield _both(figures, "cycle_l1")
    yield from costs(clone, epochs, seconds)


def _both(figures: dict[str, Any], name: str, digits: int = 3) -> str:
    """The figure of the way there and, after a slash, that of the way back, as far as they are."""
    found = [figures.get(name), figures.get(f"{name}_b_to_a")]
    return " / ".join(f"{value:.{digits}f}" for value in found if value is not None)


def main() -> None:
    """Run the tasks and fill the table."""
    parser = parser_of(__doc__, [task.name for task in TASKS])
    parser.add_argument("--photos", type=Path, help="the folder that `colouring` needs")
    options = parser.parse_args()
    tasks = []
    for task in TASKS:
        if task.name == "colouring":
            if options.photos is None:
                if task.name in options.names:
                    sys.exit("error: `colouring` needs --photos FOLDER")
                continue
            task = _of_folder(task, options.photos.resolve())
        tasks.append(task)
    fill(Table("the translators", HEADER, [task.name for task in TASKS]), tasks, cells, options)


def _of_folder(task: Training, folder: Path) -> Training:
    """The task on the pictures of a folder, of 32 pixels, judged by the classifier."""
    data = (f"datasets.folder.path={folder}", "datasets.folder.image_size=32")
    judge = "evaluate.extractors=[classifier]"
    return Training(task.name, task.block, (*task.changes, "dataset=folder", *data, judge))


if __name__ == "__main__":
    main()
