"""Train blocks of params.yaml for as many minutes each, and write the table of docs/models.md.

    python benchmarks/models.py --minutes 10 --jobs 2
    python benchmarks/models.py --minutes 10 --again dcgan lsgan

Every job works in a clone of the last commit; all share one DVC cache, so that the data, the
classifier and the reference are made once. A block is first timed at a few points of a run, from
which train.epochs follows; then `dvc exp run` trains it, draws from it and measures it. Its row is
written to the table at once, and its fixed-noise grid is copied to docs/models. Blocks that have a
row, be it a failure, are skipped unless --again is given. After Ctrl-C the same command goes on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from trainings import COSTS, ROOT, Clone, Table, Training, costs, fill, parser_of

HEADER = f"| block | classes covered | `fid_classifier` | `class_accuracy` | {COSTS}"


def cells(clone: Clone, epochs: int, seconds: float) -> Iterator[str]:
    """The figures of the experiment in the workspace, in the order of HEADER; an epoch takes
    ``seconds``."""
    figures = clone.figures("evaluate")
    accuracy = figures.get("class_accuracy")
    shares = (clone.root / "metrics" / "class_share.csv").read_text(encoding="utf-8")
    yield f"{figures['classes_covered']} of {len(shares.splitlines()) - 1}"
    yield f"{figures['fid_classifier']:.2f} ± {figures['fid_classifier_std']:.2f}"
    yield "" if accuracy is None else f"{accuracy:.3f}"
    yield from costs(clone, epochs, seconds)


def main() -> None:
    """Run the blocks and fill the table."""
    sys.path.insert(0, str(ROOT / "src"))
    from ganpipe.params import load_params

    models = load_params(ROOT / "params.yaml").models
    drawing = [name for name, model in models.items() if hasattr(model, "latent_dim")]
    trainings = [Training(name, name) for name in drawing]
    options = parser_of(__doc__, drawing).parse_args()
    fill(Table("the table", HEADER, drawing), trainings, cells, options)


if __name__ == "__main__":
    main()
