"""The directions of imports, and that dvc.yaml names what every stage really uses."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from helpers.support import ROOT
from ruamel.yaml import YAML

SOURCE = ROOT / "src" / "ganpipe"
STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]

PLUMBING = {
    "cache",
    "environment",
    "errors",
    "files",
    "npz",
    "paths",
    "remote",
    "schema",
    "sealed",
    "transfer",
}
FOUNDATION = PLUMBING | {"seeding", "device", "types"}
# What the modules of a package may import besides the foundation and their own package.
ALLOWED: dict[str, set[str]] = {
    "data": set(),
    "networks": set(),
    "objectives": set(),
    "metrics": set(),
    "methods": {"networks", "objectives", "training.config"},
    "weights": {"methods.build", "methods.config", "methods.method"},
    "sampling": {"methods.method", "weights"},
    "generate": {"sampling", "weights"},
    "judging": {"data.dataset", "metrics", "sampling", "weights"},
    "training": {
        "data.batches",
        "data.dataset",
        "methods.build",
        "methods.config",
        "methods.method",
        "sampling",
        "weights",
    },
}
# Plumbing checks, names and moves bytes but decides no result: a change in it re-runs nothing.
DECIDES_NOTHING = PLUMBING | {"__init__"}


def module_path(name: str) -> Path | None:
    """The file of ``ganpipe.NAME``, or None where there is none."""
    base = SOURCE / Path(*name.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def imported(path: Path) -> set[str]:
    """Modules of ganpipe that a file imports at run time, as names below ``ganpipe.``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "ganpipe":
                found |= {alias.name for alias in node.names if module_path(alias.name)}
            elif node.module.startswith("ganpipe."):
                name = node.module.removeprefix("ganpipe.")
                inner = {f"{name}.{a.name}" for a in node.names if module_path(f"{name}.{a.name}")}
                found |= inner or {name}
        elif isinstance(node, ast.Import):
            found |= {
                a.name.removeprefix("ganpipe.") for a in node.names if a.name.startswith("ganpipe.")
            }
    return found


def within(name: str, allowed: set[str]) -> bool:
    return any(name == entry or name.startswith(f"{entry}.") for entry in allowed)


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_one_way(package: str) -> None:
    path = SOURCE / package
    files = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    for file in files:
        strangers = {
            n for n in imported(file) if not within(n, FOUNDATION | {package, *ALLOWED[package]})
        }
        assert not strangers, f"{file.relative_to(ROOT)} imports {strangers}"


def test_every_module_has_its_place() -> None:
    places = {path.stem for path in SOURCE.iterdir() if path.name != "__pycache__"}
    outside = {"__init__", "params", "score"}  # may gather from anywhere
    assert places <= FOUNDATION | set(ALLOWED) | outside


def test_nothing_imports_the_stages() -> None:
    for file in SOURCE.rglob("*.py"):
        assert not re.search(r"^\s*(from|import) stages\b", file.read_text(), re.MULTILINE), file


def test_parameters_are_read_without_torch() -> None:
    seen, waiting = set(), {"params"}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        path = module_path(name)
        assert path is not None
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^(from|import) torch", text, re.MULTILINE), f"{name} imports torch"
        waiting |= imported(path) - seen


def uses(stage: str) -> set[str]:
    """Every module that a stage's run can reach, but for what only params.py gathers."""
    seen: set[str] = set()
    waiting = imported(ROOT / "stages" / f"{stage}.py")
    while waiting:
        name = waiting.pop()
        seen.add(name)
        path = module_path(name)
        if path is not None and name != "params":
            waiting |= imported(path) - seen
    return seen - DECIDES_NOTHING


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_all_the_code_it_uses(stage: str) -> None:
    deps = STAGES[stage]["deps"]
    assert f"stages/{stage}.py" in deps
    assert "stages/__init__.py" in deps
    for name in uses(stage):
        path = module_path(name)
        assert path is not None
        file = path.relative_to(ROOT).as_posix()
        covered = any(file == dep or file.startswith(f"{dep}/") for dep in deps)
        assert covered, f"stage {stage} uses {file}, which dvc.yaml does not name"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_no_code_that_it_does_not_use(stage: str) -> None:
    used = {module_path(name) for name in uses(stage)}
    files = {path.relative_to(ROOT).as_posix() for path in used if path}
    for dep in STAGES[stage]["deps"]:
        if dep.startswith("src/"):
            assert any(f == dep or f.startswith(f"{dep}/") for f in files), f"{stage}: {dep}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_parameters_it_reads(stage: str) -> None:
    """Every `params.a.b` in the entry point is covered by dvc.yaml's params, and none is idle."""
    tree = ast.parse((ROOT / "stages" / f"{stage}.py").read_text(encoding="utf-8"))
    roots = {"params": ""}
    for node in ast.walk(tree):  # config = params.evaluate
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            path = _parameter(node.value, roots)
            roots |= {node.targets[0].id: path} if path else {}
    read = {path for node in ast.walk(tree) if (path := _parameter(node, roots))}
    read = {path for path in read if not any(other.startswith(f"{path}.") for other in read)}
    named = STAGES[stage].get("params", [])
    aliases = {
        "chosen_dataset": ["dataset", "datasets.${dataset}"],
        "chosen_model": ["model", "models.${model}"],
        "evaluate.extractors_for": ["evaluate.extractors"],
        "evaluate.needed_extractors": ["evaluate.extractors", "evaluate.snapshots.extractor"],
        "evaluate.snapshot_extractor": ["evaluate.extractors", "evaluate.snapshots.extractor"],
    }
    needed = {name for path in read for name in aliases.get(path, [path])}
    for name in needed:
        assert within(name, set(named)), f"{stage} reads {name}, which dvc.yaml does not name"
    for name in named:
        assert any(within(n, {name}) for n in needed), f"{stage} does not read {name}"


def _parameter(node: ast.AST, roots: dict[str, str]) -> str | None:
    """``a.b`` for ``params.a.b``, for ``load_params().a.b`` and for ``x.b`` where ``x`` is
    ``params.a``; so, too, ``a`` for a call that is handed all of ``x``."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load_params" and names:
        return ".".join(names)
    if isinstance(node, ast.Name) and node.id in roots and isinstance(node.ctx, ast.Load):
        root = roots[node.id]
        return ".".join([*([root] if root else []), *names]) or None
    return None
