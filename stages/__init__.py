"""Entry points of the DVC stages; nothing imports them.

This workspace's own ``src`` comes first on the path, so that a queued experiment, which runs in a
copy of the workspace, never imports the code of the workspace that ``ganpipe`` was installed from.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

# Before NumPy is imported: its factorisations differ in the last digits by the number of threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))


def run(stage: str, main: Callable[[], None]) -> None:
    """Run a stage's ``main`` as a command, with the code that `check` has listed and no other."""
    from ganpipe.core import command, guard, paths
    from ganpipe.params import load_params

    def guarded() -> None:
        if not paths.code_list(stage).exists():
            load_params()  # whose mistakes, which keep `check` from writing it, come first
        guard.install(stage)
        main()

    command.run(guarded)
