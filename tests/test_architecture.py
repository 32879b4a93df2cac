"""The directions of imports, the places of modules, and what dvc.yaml names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.support import ROOT, run_python
from ruamel.yaml import YAML

from ganpipe.core import paths
from stages.check import definitions

SOURCE = ROOT / "src" / "ganpipe"
WEB = SOURCE / "export/page/web"
STAGES = definitions()

LAYERS = (  # ground first: a module imports from its own package and from the layers below
    {"core"},
    {"storage", "metrics", "optim"},
    {"objectives"},
    {"runtime"},
    {"data", "features"},
    {"networks", "recovery"},
    {"sampling"},
    {"methods", "evaluation"},
    {"export"},
    {"training"},
    {"params"},
    {"cli"},
)
LAYER_OF = {package: depth for depth, layer in enumerate(LAYERS) for package in layer}
FRONT = {"__init__.py", "__main__.py", "params.py", "py.typed"}  # beside the packages


def imported(path: Path) -> Iterator[str]:
    """The modules of ganpipe that a file names after ``import`` or ``from``, types included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "ganpipe":
            yield from (f"ganpipe.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def packages(path: Path) -> set[str]:
    """The packages of ganpipe, or single modules, from which a file imports."""
    parts = (name.split(".") for name in imported(path))
    found = {part[1] for part in parts if part[0] == "ganpipe" and len(part) > 1}
    return {name for name in found if (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").is_file()}


def files() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE)


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    own = path.relative_to(SOURCE).parts[0]
    for name in packages(path) - {own}:
        assert LAYER_OF[name] < LAYER_OF[own], f"{own} imports {name}"


def test_every_package_has_its_place() -> None:
    entries = {path.name for path in SOURCE.iterdir() if path.name != "__pycache__"}
    assert entries - FRONT <= LAYER_OF.keys()


def test_the_package_holds_code_and_the_page() -> None:
    """Any other file would be on no list of what a stage depends on; that of the page names it."""
    others = {path for path in SOURCE.rglob("*") if path.is_file() and path.suffix != ".py"}
    compiled = {path for path in others if path.suffix == ".pyc"}
    assert others - compiled - set(WEB.iterdir()) == {SOURCE / "py.typed"}
    assert WEB.relative_to(ROOT).as_posix() in STAGES["page"]["deps"]


def test_params_gathers_configurations_alone() -> None:
    for name in imported(SOURCE / "params.py"):
        if name.startswith("ganpipe.") and not name.startswith("ganpipe.core"):
            assert name.endswith(".config"), name


def test_the_front_door_imports_no_result_until_it_is_used() -> None:
    """What a stage imports of it, by importing anything of the package, decides no byte."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", "") or ""
            assert not module.startswith("ganpipe") or module.startswith("ganpipe.core."), module


def test_nothing_imports_the_stages() -> None:
    for file in SOURCE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) stages\b", text, re.MULTILINE), file


@pytest.mark.parametrize("module", ["ganpipe.params", "stages.check"])
def test_parameters_are_read_without_torch(module: str) -> None:
    code = f"import sys, {module}; assert 'torch' not in sys.modules"
    result = run_python("-c", code, cwd=ROOT, PYTHONPATH="src")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_its_list_of_code(stage: str) -> None:
    deps = STAGES[stage]["deps"]
    lists = [name for name in deps if name.startswith("data/code")]
    assert lists == ([] if stage == "check" else [f"data/code/{stage}.json"])
    code = [name for name in deps if name.startswith(("src", "stages"))]
    web = [WEB.relative_to(ROOT).as_posix()]
    assert stage == "check" or code == (web if stage == "page" else [])
    assert STAGES[stage]["cmd"] == f"python -m stages.{stage}"
    assert STAGES[stage]["desc"]


def test_check_writes_a_list_for_every_other_stage() -> None:
    others = [f"data/code/{stage}.json" for stage in STAGES if stage != "check"]
    assert STAGES["check"]["outs"] == others
    assert {"params.yaml", "src", "stages"} == set(STAGES["check"]["deps"])


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_runs_in_the_frame(stage: str) -> None:
    text = (ROOT / "stages" / f"{stage}.py").read_text(encoding="utf-8")
    frame = "run(main)" if stage == "check" else f'run("{stage}", main)'
    assert text.endswith(f'\n\n\nif __name__ == "__main__":\n    {frame}\n')
    assert stage == "check" or "\nfrom stages import run\n" in text


def test_the_generator_is_a_model_for_others() -> None:
    artifact = YAML(typ="safe").load(ROOT / "dvc.yaml")["artifacts"]["generator"]
    assert artifact["type"] == "model"
    assert Path(artifact["path"]) == paths.generator()
    assert any(Path(artifact["path"]).is_relative_to(out) for out in STAGES["train"]["outs"])
