"""Train blocks of params.yaml for as many minutes each, and write the table of docs/models.md.

    python benchmarks/models.py --minutes 10 --jobs 2
    python benchmarks/models.py --minutes 10 --blocks dcgan lsgan --again

Every job works in a clone of the last commit; all share one DVC cache, so that the data, the
classifier and the reference are made once. A block is first timed at a few points of a run, from
which train.epochs follows; then `dvc exp run` trains it, draws from it and measures it. Its row is
written to the table at once, and its fixed-noise grid is copied to docs/models. Blocks that have a
row, be it a failure, are skipped unless --again is given. After Ctrl-C the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "models.md"
PICTURES = ROOT / "docs" / "models"
BEGIN, END = "<!-- begin of the table -->", "<!-- end of the table -->"
HEADER = (
    "| block | classes covered | `fid_classifier` | `class_accuracy` | parameters | images/s | "
    "epochs | minutes | protocol |"
)


class CommandError(Exception):
    """A command that failed: the line of its output that says why."""


class Stopped(Exception):
    """The user asked to stop."""


class Clone:
    """A clone of this repository and the command that runs in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root.with_suffix(".log")  # of everything that its commands print
        self.stopped = False
        self._process: subprocess.Popen[str] | None = None

    def run(self, *command: object) -> str:
        """The output of a command; raises CommandError if it fails, Stopped after :meth:`stop`."""
        words = [str(word) for word in command]
        bin_first = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        if self.stopped:
            raise Stopped
        self._process = subprocess.Popen(
            words,
            cwd=self.root,
            env={**_identity(), **os.environ, "PATH": bin_first, "DVC_NO_ANALYTICS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C reaches it by `stop` alone
        )
        output, _ = self._process.communicate()
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(words)}\n{output}")
        if self.stopped:
            raise Stopped
        if self._process.returncode:
            lines = [line.strip() for line in output.splitlines() if line.strip()] or [words[0]]
            errors = [line for line in lines if line.startswith("error:")]
            raise CommandError((errors or lines)[-1].removeprefix("error: "))
        return output

    def stop(self) -> None:
        """Interrupt the command that runs; a training saves a checkpoint."""
        self.stopped = True
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)

    def figures(self, name: str) -> Any:
        """The content of a file in its metrics."""
        return json.loads((self.root / "metrics" / f"{name}.json").read_text(encoding="utf-8"))


def _identity() -> dict[str, str]:
    """The author of the commits that DVC makes for experiments, where git knows none."""
    people = ("GIT_AUTHOR", "GIT_COMMITTER")
    parts = {"NAME": "benchmark", "EMAIL": "benchmark@localhost"}
    return {f"{person}_{part}": value for person in people for part, value in parts.items()}


def bring_up(clone: Clone, cache: Path) -> None:
    """Set a clone to this repository's last commit, and make what all blocks share: the prepared
    data, the classifier and the reference."""
    if not (clone.root / ".git").exists():
        clone.root.mkdir(parents=True, exist_ok=True)
        clone.run("git", "clone", "--quiet", ROOT, ".")
    clone.run("dvc", "cache", "dir", "--local", cache)
    clone.run("git", "fetch", "--quiet", ROOT, "HEAD")
    clone.run("git", "reset", "--quiet", "--hard", "FETCH_HEAD")
    clone.run("dvc", "repro", "reference")


def measure(block: str, clone: Clone, *, minutes: float, batch_size: int) -> list[str]:
    """Train, draw from and evaluate a block; the cells of its row after the name."""
    epochs, seconds = _epochs(block, clone, minutes=minutes, batch_size=batch_size)
    clone.run("git", "checkout", "--quiet", "HEAD", "--", "params.yaml")
    if block in clone.run("dvc", "exp", "list", "--name-only").split():
        clone.run("dvc", "exp", "remove", block)
    changes = [f"model={block}", f"train.epochs={epochs}", f"train.batch_size={batch_size}"]
    words = [word for change in changes for word in ("-S", change)]
    clone.run("dvc", "exp", "run", "--name", block, *words)
    PICTURES.mkdir(exist_ok=True)
    shutil.copy(clone.root / "samples" / "fixed_noise.png", PICTURES / f"{block}.png")
    return [*_figures(clone, epochs, seconds)]


def _figures(clone: Clone, epochs: int, seconds: float) -> Iterator[str]:
    """The figures of the experiment in the workspace, in the order of HEADER; an epoch takes
    ``seconds``."""
    figures, last = map(clone.figures, ("evaluate", "train"))
    players = {
        name.removesuffix("_parameters"): n
        for name, n in last.items()
        if name.endswith("_parameters")
    }
    accuracy = figures.get("class_accuracy")
    shares = (clone.root / "metrics" / "class_share.csv").read_text(encoding="utf-8")
    yield f"{figures['classes_covered']} of {len(shares.splitlines()) - 1}"
    yield f"{figures['fid_classifier']:.2f} ± {figures['fid_classifier_std']:.2f}"
    yield "" if accuracy is None else f"{accuracy:.3f}"
    yield ", ".join(f"{name} {number:,}" for name, number in players.items())
    yield f"{last['images_seen'] / (epochs * seconds):,.0f}"
    yield f"{epochs}"
    yield f"{epochs * seconds / 60:.1f}"
    yield f"`{figures['protocol']}`"


def _epochs(block: str, clone: Clone, *, minutes: float, batch_size: int) -> tuple[int, float]:
    """The passes over the data that take about so long, at least one, and the seconds of one.

    Both are kept for the same question, since an interrupted training goes on from its
    checkpoint only if it is asked for as many.
    """
    code = clone.run("git", "rev-parse", "HEAD:src", "HEAD:params.yaml").split()
    question = {"code": code, "minutes": minutes, "batch_size": batch_size}
    path = clone.root.parent / f"epochs_{block}.json"
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["question"] == question:
            return int(known["epochs"]), float(known["seconds"])
    timing = clone.run(sys.executable, "benchmarks/epoch.py", block, "--batch-size", batch_size)
    seconds = float(timing.split()[-1])
    epochs = max(1, round(60 * minutes / seconds))
    known = {"question": question, "epochs": epochs, "seconds": seconds}
    path.write_text(json.dumps(known), encoding="utf-8")
    return epochs, seconds


class Table:
    """The rows between the two marks of docs/models.md, by block."""

    def __init__(self, path: Path, order: Sequence[str]) -> None:
        self.path = path
        self.order = order  # of the blocks
        self._lock = Lock()

    def rows(self) -> dict[str, str]:
        """The rows that are there."""
        lines = self._parts()[1].splitlines()
        rows = [line for line in lines if line.startswith(("| `", "| [`"))]
        return {line.split("`")[1]: line for line in rows}

    def write(self, block: str, name: str, cells: Sequence[str]) -> None:
        """Add the row of a block, or replace it; ``name`` is its first cell."""
        with self._lock:
            before, _, after = self._parts()
            cells = [name, *(cell.replace("|", "/") for cell in cells)]
            cells += [""] * (HEADER.count("|") - 1 - len(cells))
            rows = self.rows() | {block: f"| {' | '.join(cells)} |"}
            known = [name for name in self.order if name in rows]
            lines = [
                HEADER,
                "|---" * (HEADER.count("|") - 1) + "|",
                *(rows[name] for name in known),
            ]
            text = "\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"])
            temporary = self.path.with_suffix(".tmp")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self.path)

    def _parts(self) -> tuple[str, str, str]:
        before, _, rest = self.path.read_text(encoding="utf-8").partition(BEGIN)
        table, _, after = rest.partition(END)
        return before, table, after


def work(
    clone: Clone, queue: SimpleQueue[str], table: Table, minutes: float, batch_size: int
) -> None:
    """Measure blocks of the queue until it is empty; a failure becomes the row of its block."""
    while True:
        try:
            block = queue.get_nowait()
        except Empty:
            return
        try:
            cells = measure(block, clone, minutes=minutes, batch_size=batch_size)
            name = f"[`{block}`]({PICTURES.name}/{block}.png)"
        except CommandError as error:
            name, cells = f"`{block}`", [f"failed: {error}"]
        table.write(block, name, cells)
        print(f"{block}: {', '.join(cells)}", flush=True)


def main() -> None:
    """Run the blocks and fill the table."""
    sys.path.insert(0, str(ROOT / "src"))
    from ganpipe.params import load_params

    params = load_params(ROOT / "params.yaml")
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=10, help="of training (%(default)s)")
    parser.add_argument("--blocks", nargs="+", choices=params.models, default=[*params.models])
    parser.add_argument("--jobs", type=int, default=1, help="at once, one core each (%(default)s)")
    parser.add_argument("--batch-size", type=int, default=params.train.batch_size)
    parser.add_argument("--again", action="store_true", help="also blocks that have a row")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(tempfile.gettempdir()) / "ganpipe-models",
        help="of the clones and their cache (%(default)s)",
    )
    options = parser.parse_args()
    table = Table(PAGE, [*params.models])
    blocks = [name for name in options.blocks if options.again or name not in table.rows()]
    queue: SimpleQueue[str] = SimpleQueue()
    for block in blocks:
        queue.put(block)
    folder = options.folder.resolve()
    clones = [Clone(folder / f"clone{n}") for n in range(min(options.jobs, len(blocks)))]
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs ignore the first
        signal.signal(number, signal.default_int_handler)
    with ThreadPoolExecutor(max(1, len(clones))) as pool:
        try:
            for clone in clones:
                pool.submit(bring_up, clone, folder / "dvc-cache").result()
            jobs = [
                pool.submit(work, clone, queue, table, options.minutes, options.batch_size)
                for clone in clones
            ]
            for job in jobs:
                job.result()
        except CommandError as error:
            sys.exit(f"error: {error}")
        except KeyboardInterrupt:
            for clone in clones:
                clone.stop()
            sys.exit(130)


if __name__ == "__main__":
    main()
