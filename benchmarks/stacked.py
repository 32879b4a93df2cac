"""Train blocks on Stacked MNIST for as many minutes each, and write their table in docs/models.md.

    python benchmarks/stacked.py --minutes 8 --jobs 2
    python benchmarks/stacked.py --minutes 8 --again stacked_diffusion_gan

Trainings, clones and rows are those of `models.py`. The figures are of 26,000 generated images, as
papers have them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from trainings import COSTS, ROOT, Clone, Table, Training, costs, fill, parser_of

HEADER = f"| training | modes of 1,000 | floor | `mode_kl` | floor | `fid_digits` | {COSTS}"
BLOCKS = ("dcgan", "minibatch_discrimination", "dcgan_diffaugment", "diffusion_gan", "ddgan")
CHANGES = ("dataset=stacked_mnist", "evaluate.num_generated=26000")


def cells(clone: Clone, epochs: int, seconds: float) -> Iterator[str]:
    """The figures of the experiment in the workspace, in the order of HEADER; an epoch takes
    ``seconds``."""
    figures = clone.figures("evaluate")
    yield f"{figures['modes_covered']}"
    yield f"{figures['modes_covered_floor']}"
    yield f"{figures['mode_kl']:.3f}"
    yield f"{figures['mode_kl_floor']:.3f}"
    yield f"{figures['fid_digits']:.2f} ± {figures['fid_digits_std']:.2f}"
    yield from costs(clone, epochs, seconds)


def main() -> None:
    """Train the blocks that there are, and fill the table."""
    sys.path.insert(0, str(ROOT / "src"))
    from ganpipe.params import load_params

    models = load_params(ROOT / "params.yaml").models
    trainings = [
        Training(f"stacked_{block}", block, CHANGES) for block in BLOCKS if block in models
    ]
    names = [training.name for training in trainings]
    options = parser_of(__doc__, names).parse_args()
    fill(Table("the modes", HEADER, names), trainings, cells, options)


if __name__ == "__main__":
    main()
