"""Find the code that a stage runs, by following its imports without importing anything.

Imports within functions are followed as well, ``if TYPE_CHECKING:`` is not. What a parameter
chooses by name is imported by :func:`ganpipe.core.plugins.load`, which no walk can see: the caller
says which modules each of its users chooses.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ganpipe.core.digest import NOTHING, code_digest, is_for_types

# These decide no byte of a result: they check, name, move and store what others compute. A test
# proves it for each of their modules. Their own imports are followed nevertheless.
LEFT_OUT = ("core", "storage", "recovery", "cli")
FRONT = ("ganpipe", "ganpipe.__main__", "ganpipe.params")
# What params.yaml may say: fields and their checks. Stages depend on the values instead.
CONFIGURATION = ("config", "configs")


def counts(module: str) -> bool:
    """Whether a module of ganpipe, by its full name, can change a byte of a result."""
    parts = module.split(".")
    if module in FRONT or parts[1] in LEFT_OUT:
        return False
    return not any(part in CONFIGURATION for part in parts)


class Sources:
    """The code of the project in the folder ``root``; each file is read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._digests: dict[Path, str] = {}
        self._imports: dict[Path, set[str]] = {}

    def code_of(self, entry: Path, chosen: Mapping[str, Collection[str]]) -> dict[str, str]:
        """The hash of every file that counts and that the script ``entry`` can import, its own
        among them, by the path below ``root``.

        ``chosen`` holds, for modules that load others by name, the full names of those.
        """
        modules = sorted(filter(counts, self.reachable(entry, chosen)))
        frame = entry.parent / "__init__.py"  # runs before the script
        files = [
            *([frame] if frame.is_file() else []),
            entry,
            *(file for module in modules if (file := self.file_of(module))),
        ]
        digests = {file.relative_to(self.root).as_posix(): self.digest(file) for file in files}
        return {name: digest for name, digest in digests.items() if digest != NOTHING}

    def reachable(self, entry: Path, chosen: Mapping[str, Collection[str]]) -> set[str]:
        """The full names of all modules of ganpipe that the script ``entry`` can import."""
        found: set[str] = set()
        waiting = set(self.imported(entry))
        while waiting:
            module = waiting.pop()
            found.add(module)
            by_name = {name for each in chosen.get(module, ()) for name in _with_parents(each)}
            if file := self.file_of(module):
                waiting |= (self.imported(file) | by_name) - found
        return found

    def imported(self, file: Path) -> set[str]:
        """The full names of the modules of ganpipe that ``file`` imports, and of their packages."""
        if file not in self._imports:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            front = file == self.file_of("ganpipe")  # its functions are for users, not for stages
            nodes = tree.body if front else _running(tree)
            modules = {name for node in nodes for name in self._names(node)}
            self._imports[file] = {parent for name in modules for parent in _with_parents(name)}
        return self._imports[file]

    def digest(self, file: Path) -> str:
        """The hash of what ``file`` does."""
        if file not in self._digests:
            self._digests[file] = code_digest(file)
        return self._digests[file]

    def file_of(self, module: str) -> Path | None:
        """The file of a module, or None where there is none."""
        base = self.root / "src" / Path(*module.split("."))
        files = base / "__init__.py", base.with_suffix(".py")
        return next((file for file in files if file.is_file()), None)

    def _names(self, node: ast.AST) -> Iterator[str]:
        """The modules that one statement imports; a name after ``import`` may be one or not."""
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "ganpipe")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ganpipe":
            yield str(node.module)
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in inner if self.file_of(name))


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below ``node`` that may run."""
    body = getattr(node, "orelse", []) if is_for_types(node) else ast.iter_child_nodes(node)
    for child in body:
        yield child
        yield from _running(child)


def _with_parents(module: str) -> list[str]:
    """``a``, ``a.b`` and ``a.b.c`` for ``a.b.c``: importing a module imports its packages."""
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
