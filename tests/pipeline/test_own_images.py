"""The stage `download` depends on the user's images where they are the dataset, and only there."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import tiny_data
from helpers.project import IMAGES, Project, make_project, offer_tiny_mnist, ran


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose images lie in arrays; tests leave it as it is."""
    project = make_project(tmp_path_factory.mktemp("collected") / "project")
    project.dvc("repro", "prepare")
    project.commit("images")
    return project


@pytest.fixture
def mine(collected: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed at will."""
    root = tmp_path / "project"
    shutil.copytree(collected.root, root, symlinks=True)
    return Project(root, dict(collected.environment))


def track(project: Project) -> None:
    """Hand the images to DVC, which puts links to its cache in their place."""
    project.run("git", "rm", "-rq", "--cached", IMAGES.as_posix())
    project.dvc("config", "cache.type", "symlink")
    project.dvc("add", IMAGES.as_posix())
    assert (project.root / IMAGES / "bars/000.png").is_symlink()
    project.dvc("repro", "prepare")
    project.commit("images, tracked by DVC")


def images_found(project: Project) -> int:
    figures = project.json("metrics/data.json")
    return int(figures["train_images"] + figures["test_images"])


def found(project: Project) -> str:
    """The commit of the only experiment."""
    listed = project.run("git", "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps")
    return next(line.split()[0] for line in listed.splitlines() if line.endswith("/other"))


def test_a_public_dataset_needs_no_folder(mine: Project, tmp_path: Path) -> None:
    offer_tiny_mnist(mine, tmp_path)
    shutil.rmtree(mine.root / IMAGES)
    mine.set(dataset="mnist", datasets__folder__path="data/nowhere")
    assert ran(mine.dvc("repro", "prepare")) == {"check", "download", "prepare"}
    assert images_found(mine) == tiny_data.TRAIN + tiny_data.TEST
    mine.set(datasets__folder__path="/nowhere/else")
    assert ran(mine.dvc("repro", "prepare")) == {"check"}


def test_every_change_of_an_image_is_seen(mine: Project) -> None:
    image = mine.root / IMAGES / "bars/000.png"
    content = image.read_bytes()
    assert ran(mine.dvc("repro", "prepare")) == set()
    image.unlink()
    assert "modified:           data/images" in mine.dvc("status", "download")
    assert ran(mine.dvc("repro", "prepare")) == {"download", "prepare"}
    assert images_found(mine) == 79
    shutil.copy(mine.root / IMAGES / "discs/000.png", image)
    assert ran(mine.dvc("repro", "prepare")) == {"download", "prepare"}
    image.write_bytes(content)
    again = mine.dvc("repro", "prepare")  # known from the first time
    assert ran(again) == set()
    assert "Stage 'download@images' is cached" in again
    assert images_found(mine) == 80
    assert "Data and pipelines are up to date." in mine.dvc("repro", "prepare")


def test_a_folder_that_is_missing_is_named(mine: Project) -> None:
    mine.set(datasets__folder__path="data/nowhere")
    output = mine.dvc("repro", code=None)
    assert "error: datasets.folder.path: there is no 'data/nowhere'; name a folder" in output
    mine.run("git", "checkout", "-q", "params.yaml")
    shutil.rmtree(mine.root / IMAGES)
    output = mine.dvc("repro", code=None)  # nothing else has changed, so that `check` does not run
    assert f"No such file or directory: '{mine.root / IMAGES}'" in output
    assert "Traceback" not in output


def test_an_archive_outside_of_the_repository(mine: Project) -> None:
    archive = mine.root.parent / "pictures"
    shutil.make_archive(str(archive), "zip", mine.root / IMAGES)
    mine.set(datasets__folder__path="../pictures.zip")
    assert ran(mine.dvc("repro", "prepare")) == {"check", "download", "prepare"}
    assert images_found(mine) == 80
    shutil.make_archive(str(archive), "zip", mine.root / IMAGES, "discs")
    assert ran(mine.dvc("repro", "prepare")) == {"download", "prepare"}
    assert images_found(mine) == 40
    output = mine.dvc("exp", "run", "--temp", "-S", "seed=3", "prepare", code=None)
    assert "by its absolute path where the experiment is queued or --temp" in output


@pytest.mark.parametrize("way", ["--temp", "--queue"])
def test_experiments_in_a_copy_see_what_dvc_tracks(mine: Project, way: str) -> None:
    track(mine)
    change = ("-S", "datasets.folder.test_fraction=0.4")
    mine.dvc("exp", "run", way, "--name", "other", *change, "prepare")
    if way == "--queue":
        mine.dvc("exp", "run", "--run-all")
    figures = json.loads(mine.run("git", "show", f"{found(mine)}:metrics/data.json"))
    assert figures["train_images"] + figures["test_images"] == 80


def test_a_fresh_clone_pulls_what_dvc_tracks(mine: Project) -> None:
    track(mine)
    mine.dvc("remote", "add", "--default", "store", str(mine.root.parent / "store"))
    mine.commit("where results are shared")
    mine.dvc("push")
    fresh = Project(mine.root.parent / "fresh", mine.environment)
    subprocess.run(["git", "clone", "-q", mine.root, fresh.root], check=True)
    fresh.set(datasets__folder__test_fraction=0.4)
    said = fresh.dvc("repro", "check")
    assert "warning: datasets.folder.path is 'data/images', which data/images.dvc tracks" in said
    said = fresh.dvc("repro", "prepare", code=None)
    assert "missing data 'source': data/images" in said
    assert ran(fresh.dvc("repro", "--pull", "prepare")) == {"prepare"}
    assert images_found(fresh) == 80
