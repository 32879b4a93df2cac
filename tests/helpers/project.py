"""A real project in a temporary git repository, on small images drawn here, run by the real dvc."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from ruamel.yaml import YAML

from helpers import tiny_data
from helpers.support import ROOT, SHIPPED, shrink

IMAGES = Path("data/images")
TINY = {  # what the shipped parameters become, besides smaller networks
    "dataset": "folder",
    "datasets.folder.image_size": 28,
    "datasets.folder.channels": 1,
    "datasets.folder.test_fraction": 0.2,
    "train.epochs": 2,
    "train.batch_size": 16,
    "train.log_every": 2,
    "sample.rows": 2,
    "sample.columns": 3,
    "sample.interpolation_steps": 3,
    "evaluate.extractors": ["classifier"],
    "evaluate.num_generated": 64,
    "evaluate.snapshots.num_generated": 16,
    "evaluate.num_reference": 64,
    "evaluate.batch_size": 32,
}


@dataclass
class Project:
    """A checkout of the code with tiny parameters, and the commands that a user types in it."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str, code: int | None = 0) -> str:
        """Run a command line; its output. ``code`` is the exit status it must have."""
        result = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=400,
            check=False,
        )
        if code is not None:
            assert result.returncode == code, result.stdout
        return result.stdout

    def dvc(self, *arguments: str, code: int | None = 0) -> str:
        """``dvc ARGUMENTS``."""
        return self.run("dvc", *arguments, code=code)

    def commit(self, message: str) -> None:
        """Commit everything, as a user would before an experiment."""
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)

    def json(self, name: str) -> Any:
        """The content of a JSON file."""
        return json.loads((self.root / name).read_text())

    def set(self, **changes: Any) -> None:
        """Change parameters by their dotted names, with ``__`` for the dot."""
        edit_params(
            self.root / "params.yaml", {k.replace("__", "."): v for k, v in changes.items()}
        )


def ran(output: str) -> set[str]:
    """The stages that a dvc command ran, by what it printed; of a group, the group's name."""
    return set(re.findall(r"Running stage '(\w+)(?:@\w+)?'", output))


def edit_params(path: Path, changes: dict[str, Any]) -> None:
    """Set dotted names in a parameter file, leaving its comments in place."""
    yaml = YAML()
    content = yaml.load(path)
    for dotted, value in changes.items():
        *parents, last = dotted.split(".")
        block = content
        for name in parents:
            block = block[name]
        block[last] = value
    yaml.dump(content, path)


def draw_images(folder: Path, per_class: int = 40) -> None:
    """Two classes that a glance tells apart: bright discs and dark bars, of several sizes."""
    rng = np.random.default_rng(0)
    for name in ("bars", "discs"):
        (folder / name).mkdir(parents=True)
        for index in range(per_class):
            size = int(rng.integers(28, 40))
            y, x = np.mgrid[:size, :size]
            if name == "discs":
                centre = size / 2 + rng.normal(0, 2, 2)
                inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < (size / 4) ** 2
            else:
                inside = np.abs(x - size / 2 - rng.normal(0, 3)) < 3
            pixels = np.where(inside, 230, 20) + rng.normal(0, 5, (size, size))
            picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            picture.save(folder / name / f"{index:03d}.png")


def make_project(root: Path) -> Project:
    """A git repository at ``root`` with this checkout's files and tiny parameters."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    files = ("dvc.yaml", "params.yaml", "requirements.lock")
    wanted = ("src/", "stages/", "data/", ".dvc", ".git", *files)
    for name in filter(None, listed.split("\0")):
        if name.startswith(wanted) and (ROOT / name).is_file():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    small = {f"models.{name}": shrink(model) for name, model in shipped_models().items()}
    edit_params(root / "params.yaml", TINY | small)
    draw_images(root / IMAGES)
    (root / ".gitignore").write_text("__pycache__/\n")  # the images are committed here
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GANPIPE_CACHE": str(root.parent / f"{root.name}-cache"),
        "GANPIPE_OFFLINE": "1",
        "DVC_NO_ANALYTICS": "1",
        "GIT_AUTHOR_NAME": "A User",
        "GIT_AUTHOR_EMAIL": "user@example.org",
        "GIT_COMMITTER_NAME": "A User",
        "GIT_COMMITTER_EMAIL": "user@example.org",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    project = Project(root, environment)
    project.run("git", "init", "-q", "-b", "main")
    project.commit("begin")
    return project


def offer_tiny_mnist(project: Project, folder: Path) -> None:
    """Let every command of ``project`` take a tiny MNIST for the official one, from a mirror in
    ``folder``."""
    mirror = folder / "mirror" / "mnist"
    mirror.mkdir(parents=True)
    for name, data in tiny_data.mnist_files().items():
        (mirror / name).write_bytes(data)
    install = "from helpers import tiny_data; tiny_data.install()"
    (folder / "sitecustomize.py").write_text(install)
    search = os.pathsep.join(map(str, (folder, ROOT / "src", ROOT / "tests")))
    project.environment |= {"GANPIPE_MIRROR": str(mirror.parent), "PYTHONPATH": search}


def shipped_models() -> dict[str, Any]:
    """Every block under `models`, as written in the shipped file."""
    content = YAML(typ="safe").load(ROOT / "params.yaml")
    assert content["models"].keys() == SHIPPED.models.keys()
    models: dict[str, Any] = content["models"]
    return models
