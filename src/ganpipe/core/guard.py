"""Hold a stage to the code that `check` has listed for it in ``data/code/<stage>.json``.

DVC runs a stage again when that file changes. So that no code is missing there, importing a module
that counts and is not listed, or has changed since, ends the stage with a sentence.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from ganpipe.core import paths
from ganpipe.core.digest import NOTHING, code_digest
from ganpipe.core.errors import GanpipeError
from ganpipe.core.imports import Sources, counts
from ganpipe.core.plugins import SOURCE


class Guard(MetaPathFinder):
    """An import hook that finds nothing itself; see :meth:`find_spec`."""

    def __init__(self, stage: str, root: Path, listed: Mapping[str, str]) -> None:
        self.stage = stage
        self.listed = listed  # the hash of each file by its path below the project's folder
        self.sources = Sources(root)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Leave the import to others. Raises GanpipeError where the module must not be imported."""
        self.check_module(fullname)
        return None

    def check_module(self, name: str) -> None:
        """Raise GanpipeError unless the module is as it is listed, or does not count.

        A stage's own file is its entry point and not imported; those of others are never listed.
        """
        package, _, rest = name.partition(".")
        file = None
        if package == "stages":
            file = self.sources.root / "stages" / f"{rest or '__init__'}.py"
        elif package == "ganpipe" and counts(name):
            file = self.sources.file_of(name)
        if file is not None and file.is_file():
            self.check_file(file.relative_to(self.sources.root).as_posix())

    def check_file(self, name: str) -> None:
        """Raise GanpipeError unless the file is as it is listed."""
        digest = code_digest(self.sources.root / name)
        if name not in self.listed and digest != NOTHING:
            raise GanpipeError(
                f"the stage {self.stage} imports {name}, which {paths.code_list(self.stage)} does "
                "not list; run `dvc repro`, which lists it (a module that is chosen by name "
                "must be known to stages/check.py)"
            )
        if digest != self.listed.get(name, NOTHING):
            raise GanpipeError(f"{name} has changed since it was listed; run `dvc repro`")


def install(stage: str) -> None:
    """Check what this process has imported and will import from now on for ``stage``.

    Raises GanpipeError where the list is missing, or where a file is not on it or has changed.
    """
    path = paths.code_list(stage)
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["code"]
    except FileNotFoundError:
        raise GanpipeError(
            f"{path}, the list of the code that the stage {stage} uses, is missing; "
            "run `dvc repro check`"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise GanpipeError(f"{path} is damaged; delete it and run `dvc repro check`") from None
    guard = Guard(stage, SOURCE.parent, listed)
    guard.check_file(f"stages/{stage}.py")
    for name in list(sys.modules):
        guard.check_module(name)
    sys.meta_path.insert(0, guard)


def in_force() -> Mapping[str, str] | None:
    """The files that this process is held to with their hashes, or None outside of a stage."""
    return next((each.listed for each in sys.meta_path if isinstance(each, Guard)), None)
