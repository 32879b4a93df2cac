"""Train the hybrid of GAN and diffusion model with several numbers of steps, each for as many
minutes, and write their table in docs/models.md.

    python benchmarks/hybrids.py --minutes 10 --jobs 2
    python benchmarks/hybrids.py --minutes 10 --again ddgan_2_steps

Trainings, clones and rows are those of `models.py`; drawing is timed by `drawing.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from models import HEADER, cells
from trainings import Clone, Table, Training, fill, parser_of

DRAWING = "ms to draw an image |"
TRAININGS = (
    Training("ddgan_1_step", "ddgan", ("models.ddgan.steps=1",)),
    Training("ddgan_2_steps", "ddgan", ("models.ddgan.steps=2",)),
    Training("ddgan_4_steps", "ddgan"),
)


def _cells(clone: Clone, epochs: int, seconds: float) -> Iterator[str]:
    """The figures of `models.py`, and the milliseconds in which an image is drawn."""
    yield from cells(clone, epochs, seconds)
    yield f"{float(clone.run(sys.executable, 'benchmarks/drawing.py').split()[-1]):.2f}"


def main() -> None:
    """Run the trainings and fill the table."""
    names = [training.name for training in TRAININGS]
    options = parser_of(__doc__, names).parse_args()
    fill(Table("the hybrids", f"{HEADER} {DRAWING}", names), TRAININGS, _cells, options)


if __name__ == "__main__":
    main()
