"""A project whose processes are started, watched, and killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from helpers.project import Project

TRAIN = ("python", "-m", "stages.train")
RESULTS = (
    "models/generator.safetensors",
    "models/generator_raw.safetensors",
    "models/generator_b_to_a.safetensors",  # of a translator that has a way back
    "models/generator_raw_b_to_a.safetensors",
    "models/discriminator.safetensors",
    "metrics/train.json",
    "metrics/train.csv",
)
FOLDERS = ("models/snapshots", "samples/progress")


@dataclass
class Victim(Project):
    """A project with commands in the background, each the head of a process group."""

    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def copy(self, folder: Path) -> Victim:
        """The same in ``folder``, with an empty cache."""
        shutil.copytree(self.root, folder / "project", symlinks=True)
        return Victim(
            folder / "project", {**self.environment, "GANPIPE_CACHE": str(folder / "cache")}
        )

    @property
    def cache(self) -> Path:
        return Path(self.environment["GANPIPE_CACHE"])

    @property
    def checkpoints(self) -> list[Path]:
        """All that lie in the cache, oldest step first."""
        return sorted(self.cache.glob("checkpoints/*/step_*.pt"), key=lambda path: path.name)

    def begin(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command; what it prints goes to a file, see :meth:`said`."""
        log = (self.root.parent / "log.txt").open("a")
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env={**os.environ, **self.environment, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_hear_signals,
        )
        log.close()
        self.started.append(process)
        return process

    def said(self) -> str:
        """Everything that background commands printed so far."""
        return (self.root.parent / "log.txt").read_text()

    def end(self) -> None:
        """Kill what is left of the process groups that were begun here."""
        for process in self.started:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait()

    def trainer(self, process: subprocess.Popen[str]) -> psutil.Process:
        """The process that trains, below a dvc that was begun here."""
        found: list[psutil.Process] = []

        def look() -> bool:
            children = psutil.Process(process.pid).children(recursive=True)
            found[:] = [child for child in children if "stages.train" in " ".join(child.cmdline())]
            return bool(found)

        wait_until(look)
        return found[-1]


def _hear_signals() -> None:
    """Undo what shells do to jobs in the background, deaf to Ctrl-C, and what nohup does."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Poll until ``condition`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def results(victim: Project) -> dict[str, bytes]:
    """The bytes of every file that the stage `train` promises to repeat."""
    folders = [path for name in FOLDERS for path in (victim.root / name).glob("*")]
    files = [victim.root / name for name in RESULTS] + folders
    return {p.relative_to(victim.root).as_posix(): p.read_bytes() for p in files if p.is_file()}


def sizes_of_difference(expected: Project, found: Project) -> dict[str, int]:
    """Bytes of each file that is missing, strange or different."""
    first, second = results(expected), results(found)
    return {
        name: max(len(first.get(name, b"")), len(second.get(name, b"")))
        for name in first.keys() | second.keys()
        if first.get(name) != second.get(name)
    }
