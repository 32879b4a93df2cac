"""A stage runs again where its code or its parameters changed, and only there: by the real dvc."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from helpers.project import Project, ran
from helpers.support import ROOT
from ruamel.yaml import YAML

STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]

NEW_LOSS = """
from ganpipe.objectives.logits import negative_score
from ganpipe.objectives.loss import AdversarialLoss

LOSS = AdversarialLoss(negative_score, negative_score, sign_tells=False)
"""

# Runs a stage as `python -m` does; prints the parameters that it read and the files it imported.
RECORD = """
import json, runpy, sys
from pathlib import Path
import stages
import ganpipe.params
from ganpipe.core.imports import counts
from ganpipe.core.schema import Strict

known, read, kept = {}, set(), []  # paths by id of a block; one that is shared has several
load, get, dump, copy = (
    ganpipe.params.load_params, Strict.__getattribute__, Strict.model_dump, Strict.model_copy
)

def learn(config, path):
    known.setdefault(id(config), set()).add(path)
    kept.append(config)
    for name in type(config).model_fields:
        learn_value(get(config, name), f"{path}.{name}".lstrip("."))

def learn_value(value, path):
    if isinstance(value, Strict):
        learn(value, path)
    elif isinstance(value, dict):
        for name, each in value.items():
            learn_value(each, f"{path}.{name}")

def recorded(self, name):
    value = get(self, name)
    if id(self) in known and name in type(self).model_fields and not holds(value):
        read.add(tuple(sorted(f"{path}.{name}".lstrip(".") for path in known[id(self)])))
    return value

def holds(value):
    inner = value.values() if isinstance(value, dict) else ()
    return isinstance(value, Strict) or any(map(holds, inner))

def dumped(self, **options):
    if id(self) in known:
        read.add(tuple(sorted(known[id(self)])))
    return dump(self, **options)

def copied(self, **options):
    other = copy(self, **options)
    if id(self) in known:
        for path in known[id(self)]:
            learn(other, path)
    return other

def loaded(*arguments):
    params = load(*arguments)
    learn(params, "")
    Strict.__getattribute__, Strict.model_dump, Strict.model_copy = recorded, dumped, copied
    return params

ganpipe.params.load_params = loaded
runpy.run_module(f"stages.{sys.argv[1]}", run_name="__main__")
names = [name for name in sys.modules if name.startswith("ganpipe.") and counts(name)]
files = [Path(sys.modules[name].__file__).relative_to(Path.cwd()).as_posix() for name in names]
print(json.dumps({"read": sorted(read), "files": files}))
"""


def edit(project: Project, name: str, old: str, new: str) -> None:
    """Replace text that stands in a file of the package."""
    path = project.root / "src" / "ganpipe" / name
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{name} has no {old!r} any more"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def reword(text: str) -> str:
    """Code with a comment, other docstrings and other messages."""
    text = re.sub(r'(^|:\n +)"""(?=\S)', r'\1"""Hm: ', text)
    text = re.sub(r'(raise \w+\(\s*f?")', r"\1Hm: ", text)
    text = re.sub(r'(\blog\.\w+\(\s*f?")', r"\1Hm: ", text)
    return f"# Hm\n{text}"


@pytest.fixture
def mine(project: Project) -> Iterator[Project]:
    """The module's project, brought back afterwards to what was committed."""
    yield project
    bring_back(project)


def bring_back(project: Project) -> None:
    """Make the project what was committed."""
    project.run("git", "checkout", "-q", ".")
    project.run("git", "clean", "-fdq", "src", "stages")
    project.dvc("checkout", "-q", "--force")


def test_what_cannot_change_a_result_runs_check_alone(mine: Project) -> None:
    """New files, a block that is not used, comments, docstrings and messages, all at once."""
    assert ran(mine.dvc("exp", "run", "train", "-S", "model=mlp")) == {"check", "train"}
    weights = (mine.root / "models/generator.safetensors").read_bytes()
    bring_back(mine)
    package = mine.root / "src" / "ganpipe"
    messages = 0
    for path in [*package.rglob("*.py"), *(mine.root / "stages").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        messages += text.count("log.") + text.count("raise GanpipeError")
        path.write_text(reword(text), encoding="utf-8")
    assert messages > 50
    (package / "networks" / "new.py").write_text("class Generator: ...\n")
    (package / "objectives" / "losses" / "new.py").write_text(NEW_LOSS)
    (package / "extras").mkdir()
    (package / "extras" / "__init__.py").write_text('"""A new package."""\n')
    mine.set(models__lsgan__latent_dim=9)
    assert ran(mine.dvc("repro")) == {"check"}
    again = mine.dvc("exp", "run", "train", "-S", "model=mlp")
    assert ran(again) == {"check"}
    assert "Stage 'train' is cached" in again
    assert (mine.root / "models/generator.safetensors").read_bytes() == weights


def test_an_architecture_that_changed_is_trained_again_and_no_other(mine: Project) -> None:
    edit(mine, "networks/dcgan.py", "0.2", "0.21")
    assert ran(mine.dvc("exp", "run", "train", "-S", "model=mlp")) == {"check"}
    mine.run("git", "checkout", "-q", "params.yaml")
    assert ran(mine.dvc("repro", "train")) == {"check", "train"}


def test_arithmetic_of_a_metric_that_changed_runs_the_evaluation_alone(mine: Project) -> None:
    edit(mine, "metrics/frechet.py", "1e-10", "1e-9")
    mine.dvc("repro", "check")
    status = json.loads(mine.dvc("status", "--json"))
    assert {"evaluate"} <= status.keys() <= {"reference", "snapshots", "evaluate"}


def test_a_stage_that_is_started_by_hand_after_an_edit_is_refused(mine: Project) -> None:
    by_hand = ("python", "-m", "stages.prepare")
    mine.run(*by_hand)
    with (mine.root / "src/ganpipe/data/prepare/images.py").open("a") as file:
        file.write("\nEDITED = True\n")
    assert "images.py has changed since it was listed; run `dvc repro`" in mine.run(
        *by_hand, code=1
    )
    mine.dvc("repro", "check")
    mine.run(*by_hand)
    path = mine.root / "data" / "code" / "prepare.json"
    content = mine.json("data/code/prepare.json")
    del content["code"]["src/ganpipe/data/prepare/images.py"]
    path.unlink()  # a link into the cache
    path.write_text(json.dumps(content))
    said = mine.run(*by_hand, code=1)
    assert (
        "imports src/ganpipe/data/prepare/images.py, which data/code/prepare.json does not" in said
    )
    path.unlink()
    assert "run `dvc repro check`" in mine.run(*by_hand, code=1)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "check"])
def test_what_a_stage_reads_and_imports_is_listed(project: Project, stage: str) -> None:
    """Every parameter that it reads is one that dvc.yaml names, be it as the path of a dependency,
    and it reads each that dvc.yaml calls its parameter."""
    output = project.run("python", "-c", RECORD, stage)
    found = json.loads(output.splitlines()[-1])
    listed = project.json(f"data/code/{stage}.json")
    # What a translating model starts from is found by the model's name.
    names = ["model" if name == "source" else name for name in listed["params"]]
    templates = re.findall(r"\$\{([\w.]+)\}", json.dumps(STAGES[stage]))
    for paths in found["read"]:
        assert within(paths, [*names, *templates]), f"{stage} reads {paths}"
    for name in names:
        reads = any(within(paths, [name]) for paths in found["read"])
        assert reads, f"{stage} does not read {name}"
    used = {name for name in found["files"] if (project.root / name).read_text().strip()}
    assert {name for name in used if Path(name).name != "__init__.py"} <= listed["code"].keys()


def within(paths: list[str], names: Iterable[str]) -> bool:
    """Whether one of ``paths`` is a parameter of ``names``, or lies in one that is a block."""
    return any(path == name or path.startswith(f"{name}.") for path in paths for name in names)
