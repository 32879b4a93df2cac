"""Trainings of many blocks in clones of this repository, and the table that they fill.

What `models.py` and `translators.py` share.
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
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "models.md"
PICTURES = ROOT / "docs" / "models"


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


Cells = Callable[["Clone", int, float], Iterable[str]]
"""The cells of a row after its name: of a clone that holds the results, epochs, seconds of one."""


@dataclass(frozen=True)
class Training:
    """An experiment: a block, and the changes of params.yaml that it is trained with."""

    name: str  # of the experiment and of its row
    block: str
    changes: tuple[str, ...] = ()  # as `dvc exp run -S` takes them

    def words(self, *more: str) -> list[str]:
        """The options of `dvc exp run`."""
        changes = [f"model={self.block}", *self.changes, *more]
        return [word for change in changes for word in ("-S", change)]


class Table:
    """The rows between two marks of docs/models.md, by the name of the training."""

    def __init__(self, title: str, header: str, order: Sequence[str]) -> None:
        self.begin, self.end = f"<!-- begin of {title} -->", f"<!-- end of {title} -->"
        self.header = header
        self.columns = header.count("|") - 1
        self.order = order
        self._lock = Lock()

    def rows(self) -> dict[str, str]:
        """The rows that are there."""
        lines = self._parts()[1].splitlines()
        rows = [line for line in lines if line.startswith(("| `", "| [`"))]
        return {line.split("`")[1]: line for line in rows}

    def write(self, name: str, first: str, cells: Sequence[str]) -> None:
        """Add the row of a training, or replace it; ``first`` is its first cell."""
        with self._lock:
            before, _, after = self._parts()
            cells = [first, *(cell.replace("|", "/") for cell in cells)]
            cells += [""] * (self.columns - len(cells))
            rows = self.rows() | {name: f"| {' | '.join(cells)} |"}
            lines = [
                self.header,
                "|---" * self.columns + "|",
                *(rows[name] for name in self.order if name in rows),
            ]
            text = "\n".join([f"{before}{self.begin}", *lines, f"{self.end}{after}"])
            temporary = PAGE.with_suffix(".tmp")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(PAGE)

    def _parts(self) -> tuple[str, str, str]:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(self.begin)
        table, _, after = rest.partition(self.end)
        return before, table, after


COSTS = "parameters | images/s | epochs | minutes | protocol |"
"""The last columns of every table."""


def costs(clone: Clone, epochs: int, seconds: float) -> Iterator[str]:
    """The cells of COSTS; an epoch takes ``seconds``."""
    last = clone.figures("train")
    players = {name: n for name, n in last.items() if name.endswith("_parameters")}
    yield ", ".join(f"{name.removesuffix('_parameters')} {n:,}" for name, n in players.items())
    yield f"{last['images_seen'] / (epochs * seconds):,.0f}"
    yield f"{epochs}"
    yield f"{epochs * seconds / 60:.1f}"
    yield f"`{clone.figures('evaluate')['protocol']}`"


def parser_of(doc: str | None, names: Sequence[str]) -> argparse.ArgumentParser:
    """The options that :func:`fill` takes; ``names`` are those of all trainings."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n\n")[0])
    parser.add_argument(
        "names", nargs="*", choices=[*names, []], metavar="NAME", help="all if none"
    )
    parser.add_argument("--minutes", type=float, default=10, help="of training (%(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="at once, one core each (%(default)s)")
    parser.add_argument("--again", action="store_true", help="also those that have a row")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(tempfile.gettempdir()) / "ganpipe-trainings",
        help="of the clones and their cache (%(default)s)",
    )
    return parser


def fill(
    table: Table, trainings: Sequence[Training], cells: Cells, options: argparse.Namespace
) -> None:
    """Train what has no row yet, each for ``options.minutes``, and write its row at once."""
    wanted = [one for one in trainings if not options.names or one.name in options.names]
    wanted = [one for one in wanted if options.again or one.name not in table.rows()]
    queue: SimpleQueue[Training] = SimpleQueue()
    for one in wanted:
        queue.put(one)
    folder = options.folder.resolve()
    clones = [Clone(folder / f"clone{n}") for n in range(min(options.jobs, len(wanted)))]
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs ignore the first
        signal.signal(number, signal.default_int_handler)
    with ThreadPoolExecutor(max(1, len(clones))) as pool:
        try:
            for clone in clones:
                pool.submit(bring_up, clone, folder / "dvc-cache").result()
            jobs = [
                pool.submit(_work, clone, queue, table, cells, options.minutes) for clone in clones
            ]
            for job in jobs:
                job.result()
        except CommandError as error:
            sys.exit(f"error: {error}")
        except KeyboardInterrupt:
            for clone in clones:
                clone.stop()
            sys.exit(130)


def _work(
    clone: Clone, queue: SimpleQueue[Training], table: Table, cells: Cells, minutes: float
) -> None:
    """Take trainings from the queue until it is empty; a failure becomes the row of its own."""
    while True:
        try:
            training = queue.get_nowait()
        except Empty:
            return
        try:
            row = [*cells(clone, *_train(training, clone, minutes))]
            first = f"[`{training.name}`]({PICTURES.name}/{training.name}.png)"
        except CommandError as error:
            first, row = f"`{training.name}`", [f"failed: {error}"]
        table.write(training.name, first, row)
        print(f"{training.name}: {', '.join(row)}", flush=True)


def _train(training: Training, clone: Clone, minutes: float) -> tuple[int, float]:
    """Train, draw and evaluate; the number of epochs and the seconds of one."""
    epochs, seconds = _epochs(training, clone, minutes)
    clone.run("git", "checkout", "--quiet", "HEAD", "--", "params.yaml")
    if training.name in clone.run("dvc", "exp", "list", "--name-only").split():
        clone.run("dvc", "exp", "remove", training.name)
    words = training.words(f"train.epochs={epochs}")
    clone.run("dvc", "exp", "run", "--name", training.name, *words)
    PICTURES.mkdir(exist_ok=True)
    shutil.copy(clone.root / "samples" / "fixed_noise.png", PICTURES / f"{training.name}.png")
    return epochs, seconds


def _epochs(training: Training, clone: Clone, minutes: float) -> tuple[int, float]:
    """The passes over the data that take about so long, at least one, and the seconds of one.

    Both are kept for the same question, since an interrupted training goes on from its
    checkpoint only if it is asked for as many.
    """
    code = clone.run("git", "rev-parse", "HEAD:src", "HEAD:params.yaml").split()
    question = {"code": code, "minutes": minutes, "changes": training.words()}
    path = clone.root.parent / f"epochs_{training.name}.json"
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["question"] == question:
            return int(known["epochs"]), float(known["seconds"])
    clone.run("git", "checkout", "--quiet", "HEAD", "--", "params.yaml")
    clone.run("dvc", "exp", "run", *training.words(), "source")  # leaves the changes there
    seconds = float(clone.run(sys.executable, "benchmarks/epoch.py").split()[-1])
    epochs = max(1, round(60 * minutes / seconds))
    known = {"question": question, "epochs": epochs, "seconds": seconds}
    path.write_text(json.dumps(known), encoding="utf-8")
    return epochs, seconds
