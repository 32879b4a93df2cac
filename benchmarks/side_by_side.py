"""Images a second of training runs side by side, in sum: one, two, four, and one beside a
neighbour that keeps a core busy.

    python benchmarks/side_by_side.py
    python benchmarks/side_by_side.py --plain --threads 1 2

Every run is a process of its own that waits until it is asked for a turn. Within a round all runs
of a cell begin their turn together; rounds go through the cells forwards and backwards, so that
whatever else the machine does strikes all alike. The first round warms up, a cell is the median of
the others (least .. most). --plain adds what PyTorch does by itself: as many threads in each
run as there are cores. Images are random, 32 x 32, one channel.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = 2048
CELLS = {"1 run": (1, 0), "2 at once": (2, 0), "4 at once": (4, 0), "1, busy neighbour": (1, 1)}
ENDLESS = 10**6  # epochs: the turns decide how long a run goes on


def work(kind: str, model: str, precision: str, batch_size: int) -> None:
    """Answer every line, seconds, on stdin with the images a second of so long a turn.

    ``kind`` is a number of threads, plain, or busy for a loop that trains nothing.
    """
    if kind == "busy":
        print(flush=True)
        for line in sys.stdin:
            end = time.perf_counter() + float(line)
            while time.perf_counter() < end:
                pass
            print(0.0, flush=True)
        return

    import torch

    from ganpipe.data.loading.batches import Batches
    from ganpipe.data.spec import DataSpec, Domain
    from ganpipe.methods.build import build_method
    from ganpipe.optim.build import resolve
    from ganpipe.params import load_params
    from ganpipe.runtime.device import set_deterministic
    from ganpipe.runtime.threads import set_threads
    from ganpipe.training.loop import train_step
    from ganpipe.training.state import start

    set_deterministic(True)
    if kind != "plain":
        set_threads(int(kind))
    params, cpu = load_params(ROOT / "params.yaml"), torch.device("cpu")
    spec = DataSpec("random", Domain(1, 32, 32), IMAGES, 0)
    method = build_method(params.models[model], spec, 0)
    changes = params.models[model].optimizer
    optimizers = {name: resolve(params.optimizer, changes, name) for name in method.players}
    state = start(method, optimizers, cpu)
    images = torch.randint(0, 256, (IMAGES, *spec.target.native_shape), dtype=torch.uint8)
    batches = Batches(images, None, batch_size=batch_size, seed=0, device=cpu)
    config = params.train.model_copy(update={"precision": precision, "epochs": ENDLESS})
    print(flush=True)
    for line in sys.stdin:
        seen = method.batches_before(state.step)
        started = time.perf_counter()
        while time.perf_counter() < started + float(line):
            train_step(state, batches, config)
        seconds = time.perf_counter() - started
        print((method.batches_before(state.step) - seen) * batch_size / seconds, flush=True)


class Run:
    """A process that trains when asked."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, __file__, "--worker", *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.answer()

    def ask(self, seconds: float) -> None:
        """Begin a turn."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()

    def answer(self) -> float:
        """Images a second of the turn that was begun last."""
        assert self.process.stdout is not None
        return float(self.process.stdout.readline().strip() or 0)


@dataclass
class Contest:
    """All processes, which sleep unless it is their turn."""

    runs: dict[str, list[Run]]  # by kind
    neighbour: Run

    def turn(self, kind: str, cell: str, seconds: float) -> float:
        """Images a second in sum."""
        count, neighbours = CELLS[cell]
        active = self.runs[kind][:count] + [self.neighbour][:neighbours]
        for run in active:
            run.ask(seconds)
        return sum([run.answer() for run in active])

    def end(self) -> None:
        """End every process."""
        for run in [*(run for runs in self.runs.values() for run in runs), self.neighbour]:
            run.process.kill()


def main() -> None:
    """Be a worker, or ask workers and print the table."""
    if sys.argv[1:2] == ["--worker"]:
        kind, model, precision, batch_size = sys.argv[2:]
        sys.path.insert(0, str(ROOT / "src"))
        return work(kind, model, precision, int(batch_size))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--model", default="dcgan")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", nargs="+", default=["1"], help="values of train.threads")
    parser.add_argument("--plain", action="store_true", help="also PyTorch's own choice")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2, help="of a turn")
    options = parser.parse_args()
    kinds = ["plain"] * options.plain + options.threads
    chosen = options.model, options.precision, str(options.batch_size)
    runs = {kind: [Run(kind, *chosen) for _ in range(4)] for kind in kinds}
    contest = Contest(runs, Run("busy", *chosen))
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    cells = [(kind, cell) for cell in CELLS for kind in kinds]
    for index in range(options.rounds + 1):
        for kind, cell in cells if index % 2 else reversed(cells):
            speed = contest.turn(kind, cell, options.seconds)
            if index:
                found[kind, cell].append(speed)
    contest.end()
    print(f"{options.model}, {options.precision}, batch {options.batch_size}: images/s in sum\n")
    print(f"| threads | {' | '.join(CELLS)} |\n|{'---|' * (len(CELLS) + 1)}")
    for kind in kinds:
        row = [found[kind, cell] for cell in CELLS]
        words = [f"{statistics.median(x):,.0f} ({min(x):,.0f} .. {max(x):,.0f})" for x in row]
        print(f"| {kind} | {' | '.join(words)} |")


if __name__ == "__main__":
    main()
