"""Configuration modules hold fields and their checks alone, so that stages need depend only on the
values: a choice that is made there would be missing from the code that counts."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from helpers.support import ROOT

from ganpipe.core.imports import CONFIGURATION, counts

SOURCE = ROOT / "src" / "ganpipe"
CONFIGS = sorted(
    path
    for path in SOURCE.rglob("*.py")
    if {*path.relative_to(SOURCE).parent.parts, path.stem} & set(CONFIGURATION)
)
VALIDATORS = {"model_validator", "field_validator"}


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", CONFIGS, ids=named)
def test_a_class_holds_fields_and_validators(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for found in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
        for node in found.body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.FunctionDef):
                decorators = [ast.unparse(each).split("(")[0] for each in node.decorator_list]
                assert set(decorators) & VALIDATORS, f"{found.name}.{node.name} is no validator"
            else:
                assert docstring or isinstance(node, ast.AnnAssign), ast.unparse(node)


def types_in(path: Path) -> set[str]:
    """The classes and the names of types, such as ``Literal[...]`` or ``A | B``, that a module
    defines."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign) and (
            isinstance(node.value, ast.Subscript)
            or (isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr))
        ):
            found |= {ast.unparse(target) for target in node.targets}
    return found


def test_code_that_counts_takes_only_types_from_configurations() -> None:
    modules = {
        ".".join(("ganpipe", *p.relative_to(SOURCE).with_suffix("").parts)): p for p in CONFIGS
    }
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    for path in SOURCE.rglob("*.py"):
        name = ".".join(("ganpipe", *path.relative_to(SOURCE).with_suffix("").parts))
        if not counts(name):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in modules:
                taken = {alias.name for alias in node.names}
                assert taken <= types_in(modules[node.module]), f"{named(path)} imports {taken}"
