"""The user's own pairs by the real command line: watched, translated, refused file by file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from helpers.own_pairs import save
from helpers.project import Project, make_project, ran

PAIRS = ("dataset=pairs", "datasets.pairs.image_size=28", "datasets.pairs.channels_a=1",
         "datasets.pairs.channels_b=1")  # fmt: skip


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("pairs") / "project")


def draw(folder: Path, counts: dict[str, int]) -> Path:
    """As many pictures in each folder, in two classes that their greys tell apart."""
    for name, count in counts.items():
        for k in range(count):
            kind = ("dark", "light")[k % 2]
            save(folder / name / kind / f"{k}.png", (k % 2) * 200 + k, (30 + k % 3, 28))
    return folder


def changes(*overrides: str) -> list[str]:
    return [word for each in (*PAIRS, *overrides) for word in ("-S", each)]


def test_every_change_of_a_pair_is_seen_and_a_lonely_picture_is_named(mine: Project) -> None:
    folder = draw(mine.root / "data/pairs", {"A/train": 6, "B/train": 6, "A/test": 3, "B/test": 3})
    options = changes("model=pix2pix", "models.pix2pix.source.kind=folder")
    first = mine.dvc("exp", "run", *options, "source")
    assert ran(first) == {"check", "download", "prepare", "source"}
    assert mine.json("data/source/source.json")["kind"] == "folder"
    assert "Data and pipelines are up to date." in mine.dvc("repro", "source")
    lonely = folder / "B/train/dark/2.png"
    content = lonely.read_bytes()
    lonely.unlink()
    said = mine.dvc("repro", "source", code=None)
    assert ran(said) == {"download", "prepare"}
    assert "a picture has no partner of the same name on the other side:\n  A/train/dark/2" in said
    lonely.write_bytes(content)
    assert not ran(mine.dvc("repro", "source"))
    shutil.rmtree(folder)
    mine.set(dataset="folder", model="dcgan")
    assert ran(mine.dvc("repro", "prepare")) == {"check", "download", "prepare"}


def test_two_sets_become_an_experiment_in_a_copy(mine: Project) -> None:
    """Other numbers on either side, from an archive, with figures that need no truth."""
    counts = {"trainA": 24, "trainB": 20, "testA": 4, "testB": 6}
    folder = draw(mine.root.parent / "sets", counts)
    archive = shutil.make_archive(str(mine.root.parent / "sets"), "zip", folder)
    options = changes(
        f"datasets.pairs.path={archive}",
        "datasets.pairs.paired=false",
        "model=cyclegan",
        "models.cyclegan.source.kind=folder",
        "train.batch_size=8",
    )
    mine.run("git", "checkout", "-q", "params.yaml")
    mine.dvc("exp", "run", "--temp", "--name", "sets", *options, "evaluate")
    listed = mine.run("git", "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps")
    commit = next(line.split()[0] for line in listed.splitlines() if line.endswith("/sets"))
    figures = json.loads(mine.run("git", "show", f"{commit}:metrics/evaluate.json"))
    assert {"fid_classifier", "fid_classifier_b_to_a", "cycle_l1"} <= figures.keys()
    assert not {"l1", "class_kept", "l1_b_to_a"} & figures.keys()
    record = json.loads(mine.run("git", "show", f"{commit}:metrics/protocol.json"))
    assert record["generated"]["num_generated"] == counts["testA"]
    assert record["translation"]["truth"] == "not known"
    real = record["translation"]["way_back"]["classifier"]["num_real"]
    assert real == counts["trainB"]  # of the 24 sources: as many as the targets
