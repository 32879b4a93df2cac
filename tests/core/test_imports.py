"""Which files a stage can import, on a small package and on the project itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from helpers.support import ROOT, SHIPPED

from ganpipe.core.imports import Sources, counts
from ganpipe.params import Params
from stages.check import chosen

FILES = {
    "stages/run.py": """
from typing import TYPE_CHECKING
from ganpipe import params
if TYPE_CHECKING:
    from ganpipe.a.types import Type
else:
    from ganpipe.a.fallback import Type
def main():
    if params:
        import ganpipe.a.deep.lazy
    from ganpipe.core.errors import Wrong
""",
    "src/ganpipe/__init__.py": "def load():\n    from ganpipe.a.front import load\n",
    "src/ganpipe/params.py": "from ganpipe.b.config import Config\n",
    "src/ganpipe/core/__init__.py": "",
    "src/ganpipe/core/errors.py": "X = 1\n",
    "src/ganpipe/a/__init__.py": '"""Nothing."""\n',
    "src/ganpipe/a/types.py": "X = 1\n",
    "src/ganpipe/a/fallback.py": "X = 1\n",
    "src/ganpipe/a/front.py": "X = 1\n",
    "src/ganpipe/a/deep/__init__.py": "X = 1\n",
    "src/ganpipe/a/deep/lazy.py": "from ganpipe.b import build, NAME\n",
    "src/ganpipe/b/__init__.py": "NAME = 1\n",
    "src/ganpipe/b/build.py": "from ganpipe.core.plugins import load\n",
    "src/ganpipe/b/config.py": "from ganpipe.b.sizes import size\n",
    "src/ganpipe/b/sizes.py": "X = 1\n",
    "src/ganpipe/b/one.py": "X = 1\n",
    "src/ganpipe/b/two.py": "X = 1\n",
}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Sources(tmp_path)


def test_the_files_that_a_script_can_import(sources: Sources) -> None:
    code = sources.code_of(sources.root / "stages/run.py", {"ganpipe.b.build": ["ganpipe.b.one"]})
    assert [name.removeprefix("src/ganpipe/") for name in code] == [
        "stages/run.py",  # not params, config and core, which decide nothing, nor an empty package
        "a/deep/__init__.py",
        "a/deep/lazy.py",
        "a/fallback.py",
        "b/__init__.py",
        "b/build.py",
        "b/one.py",  # and not b/two.py, which is not chosen
        "b/sizes.py",  # imported by a configuration, but it counts
    ]


def listed(stage: str, params: Params = SHIPPED) -> set[str]:
    code = Sources(ROOT).code_of(ROOT / "stages" / f"{stage}.py", chosen(params))
    return {name.removeprefix("src/ganpipe/") for name in code}


def test_only_what_is_chosen_is_listed() -> None:
    dcgan = listed("train")
    mlp = listed("train", SHIPPED.model_copy(update={"model": "mlp"}))
    gradient = listed("train", SHIPPED.model_copy(update={"model": "wgan_gp"}))
    assert dcgan - mlp == {"networks/dcgan.py"}
    assert mlp - dcgan == {"networks/mlp.py"}
    assert gradient - dcgan == {
        "objectives/losses/wasserstein.py",
        "objectives/penalties/gradient_penalty.py",
    }
    assert dcgan - gradient == {"objectives/losses/non_saturating.py"}


def test_a_stage_lists_no_code_of_other_stages() -> None:
    everywhere = ("methods", "training", "objectives", "optim", "evaluation", "features", "metrics")
    for stage, may in {
        "download": (),
        "prepare": (),
        "train": ("methods", "training", "objectives", "optim"),
        "sample": (),
        "evaluate": ("evaluation", "features", "metrics"),
    }.items():
        strange = {name for name in listed(stage) if name.startswith(everywhere)}
        assert all(name.startswith(may) for name in strange) if may else not strange, stage
    assert "networks/dcgan.py" in listed("evaluate")


def loads_by_name(path: Path) -> bool:
    """Whether a file imports by a name that is not written in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "ganpipe.core.plugins":
            if "load" in (alias.name for alias in node.names):
                return True
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__", "exec", "eval", "run_module", "run_path"):
                return called != "eval" or isinstance(node.func, ast.Name)  # a network's eval()
    return False


def test_who_loads_by_name_is_known_to_check() -> None:
    """Every other dynamic import would be missing from the lists."""
    found = {
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for path in (ROOT / "src" / "ganpipe").rglob("*.py")
        if loads_by_name(path)
    }
    models = [SHIPPED.model_copy(update={"model": name}) for name in ("dcgan", "pix2pix", "ddgan")]
    assert set(filter(counts, found)) <= {name for each in models for name in chosen(each)}


def test_no_import_is_relative() -> None:
    for path in (ROOT / "src" / "ganpipe").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path
