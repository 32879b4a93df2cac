"""Where a page comes from: the commit, and the command that makes it again."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ganpipe.core import paths
from ganpipe.export.page.places import without_places

CODE = ("src", "stages", "dvc.yaml")
PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
RESERVED = {"true", "false", "null", "nan", "inf"}


class Origin(NamedTuple):
    """A state of the repository."""

    commit: str  # full hash
    changed_code: bool  # whether the code differs from the commit's
    command: str  # gives the same parameters from those of the commit


def origin() -> Origin | None:
    """The repository's commit, and the command that changes its parameters to those of now; None
    outside of a repository with a commit.

    The same in every clone of the commit: no path, for which a placeholder stands, and no name of
    a branch.
    """
    commit = _git("rev-parse", "HEAD")
    committed = _git("show", f"HEAD:./{paths.PARAMS}")
    if commit is None or committed is None:
        return None
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *CODE)
    before, after = (_content(text) for text in (committed, paths.PARAMS.read_text("utf-8")))
    return Origin(commit.strip(), bool(changed), _command(before, after))


def _content(text: str) -> dict[str, Any]:
    """The content of a parameter file; empty where it is none, as in a commit it may be."""
    try:
        content = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


def _command(before: Any, after: Mapping[str, Any]) -> str:
    """The line that runs the pipeline with ``after`` where params.yaml holds ``before``."""
    changes = [word for change in _changes(before, after) for word in ("-S", shlex.quote(change))]
    return " ".join(["dvc exp run", *changes]) if changes else "dvc repro"


def _changes(before: Any, after: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The values of -S for every field that differs."""
    known = before if isinstance(before, dict) else {}
    for name, value in after.items():
        full = f"{path}{name}"
        if name not in known:
            yield f"+{full}={_value(without_places(value, full))}"
        elif isinstance(value, dict) and isinstance(known[name], dict):
            yield from _changes(known[name], value, f"{full}.")
        elif value != known[name]:
            yield f"{full}={_value(without_places(value, full))}"
    yield from (f"~{path}{name}" for name in known if name not in after)


def _value(value: Any) -> str:
    """A value in the grammar of -S, which is Hydra's: words need quotes unless they are plain, and
    keys have none."""
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_value, value))}]"
    if not isinstance(value, str) or (PLAIN.fullmatch(value) and value.lower() not in RESERVED):
        return value if isinstance(value, str) else json.dumps(value)
    quoted = value.replace("'", "\\'")
    return f"'{quoted}'"


def _git(*words: str) -> str | None:
    """The output of git; None where it fails or is missing."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
