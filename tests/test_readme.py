"""Every command in the README's code blocks exists, knows its options, and sets real parameters."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps
from helpers.support import ROOT

from ganpipe.params import load_params

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
STARTS = ("make ", "dvc ", "ganpipe ", "python ")
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith(STARTS)]
BIN = Path(sys.executable).parent


@cache
def help_of(*command: str) -> str:
    """What ``COMMAND --help`` prints; it must succeed."""
    result = subprocess.run(
        [*command, "--help"], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_readme_shows_what_this_project_is_for() -> None:
    for needed in (
        "make repro",
        "make test",
        "dvc repro",
        "dvc exp run --name dcgan -S model=dcgan",
        "dvc queue start -j 2",
        "dvc metrics diff mlp dcgan",
        "dvc params diff mlp dcgan",
        "dvc plots diff mlp dcgan",
        "dvc exp show",
    ):
        assert needed in COMMANDS, needed


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)
    if words[0] == "make":
        subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True)
        return
    if words[0] == "dvc":
        depth = 3 if words[1] in {"exp", "queue", "metrics", "params", "plots", "remote"} else 2
        command = [str(BIN / "dvc"), *words[1:depth]]
    elif words[0] == "ganpipe":
        depth, command = 2, [sys.executable, "-m", "ganpipe", words[1]]
    else:
        assert words[0] == "python"
        depth, command = 2, [sys.executable, words[1]]
    known = help_of(*command)
    for word in words[depth:]:
        if word.startswith("-"):
            assert re.search(rf"(?<![\w-]){word}\b", known), f"{command} knows no {word}"


@pytest.mark.parametrize("line", [line for line in COMMANDS if " -S " in line])
def test_a_command_sets_parameters_that_exist(line: str, tmp_path: Path) -> None:
    words = shlex.split(line)
    path = tmp_path / "params.yaml"
    overrides = [after for word, after in pairwise(words) if word == "-S"]
    for sweep in get_hydra_sweeps({path: overrides}):
        path.write_bytes((ROOT / "params.yaml").read_bytes())
        apply_overrides(path, sweep[path])
        load_params(path)


def test_no_link_to_a_file_leads_nowhere() -> None:
    for file in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (ROOT / target).exists(), f"{file.name} links to {target}"
