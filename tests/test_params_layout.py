"""Comments of params.yaml survive DVC's own writer, which `dvc exp run -S` uses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps
from helpers.support import ROOT
from ruamel.yaml import YAML

TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")
CONTENT = YAML(typ="safe").load(TEXT)
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def anchored(text: str) -> list[tuple[str, str]]:
    """Every comment with the key it belongs to: on the same line, or on the next that has one."""
    found: list[tuple[str, str]] = []
    waiting: list[str] = []
    path: list[str] = []
    for line in text.splitlines():
        code, _, comment = line.partition("#")
        if match := re.match(r"( *)([\w.]+):(?: |$)", code):
            depth = len(match[1]) // 2
            path = [*path[:depth], match[2]]
            found += [(each, ".".join(path)) for each in waiting]
            waiting = []
        if comment:
            if code.strip():
                found.append((comment.strip(), ".".join(path)))
            else:
                waiting.append(comment.strip())
    return found + [(each, "") for each in waiting]


def leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(content, dict):
        yield prefix, content
        return
    for name, value in content.items():
        yield from leaves(value, f"{prefix}.{name}" if prefix else name)


def other(value: Any) -> str:
    """Another value of the same kind, as it is typed after ``-S NAME=``."""
    match value:
        case bool():
            return str(not value).lower()
        case int() | float():
            return str(value + 1)
        case list():
            return f"[{','.join(map(str, [*value[1:], *value]))}]"
        case None:
            return "/weights/inception.pth"
        case _:
            return f"other_{value}".replace("/", "_")


def documented() -> Iterator[str]:
    """What stands after every `-S` of the documents and of params.yaml itself."""
    for text in (TEXT, *(path.read_text(encoding="utf-8") for path in DOCUMENTS)):
        for line in re.findall(r"dvc exp run[^`\n]*", text):
            words = shlex.split(line)
            yield from (after for word, after in pairwise(words) if word == "-S")
        for override in re.findall(r"`-S ('[^']+'|[^`]+)`", text):
            yield shlex.split(override)[0]


FIELDS = ["schedule.critic_warmup=true", "objective.label_flip=0.1", "optimizer.weight_decay=0.1"]
DOCUMENTED = sorted({each for each in documented() if "NAME" not in each})
LISTS = ["evaluate.extractors=[classifier]", "optimizer.betas=[0.0,0.9]", "train.epochs=[1,2]"]


def after(path: Path, *overrides: str) -> str:
    """The shipped file with overrides."""
    path.write_text(TEXT, encoding="utf-8")
    apply_overrides(path, list(overrides))
    return path.read_text(encoding="utf-8")


def test_the_documents_name_overrides() -> None:
    assert len(DOCUMENTED) >= 10
    assert "model=mlp" in DOCUMENTED


def test_a_comment_that_moves_is_noticed() -> None:
    comment = "# a model\n"
    text = f"models:\n  a:\n    x: 1  # one\n{comment}  b:\n    y: 2\n"
    assert anchored(text) == [("one", "models.a.x"), ("a model", "models.b")]
    moved = text.replace(comment, "") + comment
    assert anchored(moved) == [("one", "models.a.x"), ("a model", "")]


@pytest.mark.parametrize("override", DOCUMENTED)
def test_what_is_documented_leaves_every_comment_where_it_is(tmp_path: Path, override: str) -> None:
    path = tmp_path / "params.yaml"
    for sweep in get_hydra_sweeps({path: [override]}):
        assert anchored(after(path, *sweep[path])) == anchored(TEXT)


@pytest.mark.parametrize("block", CONTENT)
def test_so_does_a_change_of_every_field(tmp_path: Path, block: str) -> None:
    """All fields of a block at once: what one of them loses is lost then as well."""
    changes = [f"{name}={other(value)}" for name, value in leaves(CONTENT[block], block)]
    text = after(tmp_path / "params.yaml", *changes)
    assert anchored(text) == anchored(TEXT)
    assert text != TEXT


@pytest.mark.parametrize("field", FIELDS)
def test_so_does_a_field_that_blocks_leave_out(tmp_path: Path, field: str) -> None:
    changes = [f"++models.{model}.{field}" for model in CONTENT["models"]]
    assert anchored(after(tmp_path / "params.yaml", *changes)) == anchored(TEXT)


@pytest.mark.parametrize(
    "name",
    ["evaluate.extractors", *(name for name, value in leaves(CONTENT) if isinstance(value, list))],
)
def test_an_empty_list_breaks_nothing(tmp_path: Path, name: str) -> None:
    """It is refused by the first stage, which needs a file that can be read."""
    text = after(tmp_path / "params.yaml", f"{name}=[]")
    assert anchored(text) == anchored(TEXT)
    assert dict(leaves(YAML(typ="safe").load(text)))[name] == []


def test_so_does_an_experiment_after_another_that_made_lists(tmp_path: Path) -> None:
    after(tmp_path / "params.yaml", *LISTS)
    for changes in (["seed=1"], ["train.batch_size=2", *LISTS]):
        apply_overrides(tmp_path / "params.yaml", changes)
    text = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    assert anchored(text) == anchored(TEXT)
