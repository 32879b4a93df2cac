"""Every block of the shipped file through the real command line, on tiny images.

Exporting them is tested without DVC, where blocks whose generators are alike share a file.
"""

from __future__ import annotations

import pytest
from helpers.project import Project
from helpers.support import ADVERSARIAL, NOISE_MODELS, TRANSLATORS

TARGETS = ("sample", "evaluate")


@pytest.mark.parametrize("name", NOISE_MODELS)
def test_a_model_is_trained_sampled_and_judged_as_an_experiment(
    project: Project, name: str
) -> None:
    changes, at_a_step = ["-S", f"model={name}"], 2
    if name in ADVERSARIAL:
        changes += ["-S", f"models.{name}.schedule.n_critic=2"]
    else:
        at_a_step = 1
        changes += ["-S", "train.epochs=1"]
    if name == "r3gan":  # whose generator takes a batch as well
        at_a_step = 3
        changes += ["-S", "train.epochs=3"]
    project.dvc("exp", "run", *changes, *TARGETS)
    figures = project.json("metrics/train.json")
    assert figures["step"] == 4  # of one to three epochs of four batches of 16
    assert figures["images_seen"] == 4 * at_a_step * 16
    assert project.json("metrics/protocol.json")["generated"]["model"] == name
    project.run("git", "checkout", "-q", "params.yaml")


@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_translator_is_trained_sampled_and_judged_as_an_experiment(
    project: Project, name: str
) -> None:
    project.dvc("exp", "run", "-S", f"model={name}", *TARGETS)
    figures = project.json("metrics/evaluate.json")
    ways = ("", "_b_to_a") if name == "cyclegan" else ("",)
    for way in ways:
        assert {f"{each}{way}" for each in ("l1", "psnr", "ssim", "l1_unchanged")} <= figures.keys()
        assert (project.root / f"models/generator{way}.safetensors").exists()
    assert 0 <= figures["class_kept"] <= 1
    assert ("cycle_l1" in figures) == (name == "cyclegan")
    record = project.json("metrics/protocol.json")
    test = project.json("data/prepared/spec.json")["num_test"]
    assert record["generated"]["num_generated"] == min(64, test)
    assert record["translation"]["dropout"] == "off"
    project.run("git", "checkout", "-q", "params.yaml")


def test_a_field_that_a_block_leaves_out_is_added_with_a_plus(project: Project) -> None:
    change = "+models.toy_mlp.objective.label_flip=0.1"
    project.dvc("exp", "run", "-S", "model=toy_mlp", "-S", change, "train")
    assert "      label_flip: 0.1\n" in (project.root / "params.yaml").read_text()
    project.run("git", "checkout", "-q", "params.yaml")


def test_a_conditional_model_is_judged_by_what_it_was_asked_for(project: Project) -> None:
    project.dvc("exp", "run", "-S", "model=cgan", *TARGETS)
    rows = (project.root / "metrics/confusion.csv").read_text().splitlines()
    assert rows[0] == "asked,seen"
    assert len(rows) == 1 + 64
    pairs = [tuple(row.split(",")) for row in rows[1:]]
    assert {asked for asked, _ in pairs} == {"bars", "discs"}
    right = sum(asked == seen for asked, seen in pairs)
    assert project.json("metrics/evaluate.json")["class_accuracy"] == right / 64
    assert "file://" in project.dvc("plots", "show")
    page = (project.root / "dvc_plots/index.html").read_text()
    assert "Classes asked for and seen" in page
    assert "FID by class" in page
    fids = (project.root / "metrics/class_fid.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in fids] == ["class", "bars", "discs"]
    project.run("git", "checkout", "-q", "params.yaml")


def test_a_wrong_field_is_answered_with_the_nearest(project: Project) -> None:
    change = "+models.wgan_gp.schedule.n_critc=3"
    output = project.dvc("exp", "run", "-S", "model=wgan_gp", "-S", change, code=None)
    assert "models.wgan_gp.schedule.n_critc: there is no such field" in output
    assert "did you mean 'n_critic'?" in output
    project.run("git", "checkout", "-q", "params.yaml")
