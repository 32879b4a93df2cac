"""The promises of the README, kept by the real command line. The tests build on each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from helpers.project import Project, make_project, ran
from PIL import Image

from ganpipe.storage.tensor_file import read_tensors

AFTER_PREPARE = {"train", "sample", "snapshots", "evaluate", "export", "page"}


def test_the_first_run_leaves_every_result(base: Project) -> None:
    figures = base.json("metrics/evaluate.json")
    assert figures["fid_classifier"] > 0
    assert base.json("metrics/protocol.json")["generated"]["num_generated"] == 64
    assert -1 < base.json("metrics/data.json")["mean"] < 1
    assert base.json("metrics/train.json")["step"] == 2 * 64 // 16
    assert (base.root / "metrics/class_fid.csv").read_text() == "class,num,num_real,fid,floor\n"
    curve = (base.root / "metrics/train.csv").read_text().splitlines()
    assert len(curve) == 1 + 4
    curve = (base.root / "metrics/snapshots.csv").read_text().splitlines()
    assert len(curve) == 1 + 2
    found = base.json("metrics/snapshots.json")
    record = base.json("metrics/snapshots_protocol.json")
    assert record["generated"]["num_generated"] == 16
    assert found["fid_classifier_floor"] > 0
    for name in ("fixed_noise", "real", "interpolation"):
        assert Image.open(base.root / f"samples/{name}.png").size[0] > 28
    for name in ("progress", "interpolation"):
        assert Image.open(base.root / f"samples/{name}.gif").n_frames > 1
    progress = sorted(path.name for path in (base.root / "samples/progress").iterdir())
    assert progress == [f"{seen:09d}.png" for seen in (0, 64, 128)]
    assert not [path for path in base.root.rglob("*.part") if ".dvc" not in path.parts]


def test_a_second_repro_runs_nothing(base: Project) -> None:
    output = base.dvc("repro")
    assert not ran(output)
    assert "Data and pipelines are up to date." in output


def test_another_model_runs_only_train_and_what_follows(project: Project) -> None:
    output = project.dvc("exp", "run", "--name", "mlp", "-S", "model=mlp")
    assert ran(output) == {"check"} | AFTER_PREPARE
    header, _ = read_tensors(project.root / "models/generator.safetensors", torch.device("cpu"))
    assert header["provenance"]["model_name"] == "mlp"


def test_an_unused_model_or_a_comment_runs_nothing(project: Project) -> None:
    project.dvc("exp", "run", "--name", "dcgan", "-S", "model=dcgan")
    project.set(models__mlp__latent_dim=9)
    text = (project.root / "params.yaml").read_text()
    (project.root / "params.yaml").write_text(f"# a remark\n{text}")
    assert ran(project.dvc("repro")) == {"check"}


def test_evaluation_parameters_never_train(project: Project) -> None:
    project.set(evaluate__num_generated=70)
    assert ran(project.dvc("repro")) == {"check", "evaluate", "export", "page"}
    assert project.json("metrics/protocol.json")["generated"]["num_generated"] == 70
    project.set(evaluate__snapshots__num_generated=20)
    assert ran(project.dvc("repro")) == {"check", "snapshots", "evaluate", "page"}


def test_snapshots_change_no_bit_of_what_is_trained(base: Project, project: Project) -> None:
    project.run("git", "checkout", "-q", ".")
    changes = ["-S", "train.snapshot_every=2", "-S", "evaluate.snapshots.extractor=none"]
    project.dvc("exp", "run", *changes, "snapshots")
    assert len(list((project.root / "models/snapshots").iterdir())) == 1
    assert len(list((base.root / "models/snapshots").iterdir())) == 2
    for name in ("generator", "generator_raw", "discriminator"):
        weights = f"models/{name}.safetensors"
        assert (project.root / weights).read_bytes() == (base.root / weights).read_bytes()
    assert project.json("metrics/snapshots.json") == {}
    project.run("git", "checkout", "-q", "params.yaml")
    project.dvc("checkout")


def test_experiments_can_be_compared(project: Project) -> None:
    project.run("git", "checkout", "-q", ".")
    metrics = project.dvc("metrics", "diff", "mlp", "dcgan")
    assert "fid_classifier" in metrics
    assert "d_loss" in metrics
    assert re.search(r"model\s+mlp\s+dcgan", project.dvc("params", "diff", "mlp", "dcgan"))
    output = project.dvc("plots", "diff", "mlp", "dcgan")
    page = Path(output.strip().splitlines()[-1].removeprefix("file://"))
    assert "images_seen" in page.read_text()
    assert list((page.parent / "static").glob("*fixed_noise*"))
    table = project.dvc("exp", "show", "--csv")
    assert "fid_classifier" in table
    assert {"mlp", "dcgan"} <= set(re.findall(r"\b(mlp|dcgan)\b", table))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("model=dcgna", "model: there is no model 'dcgna'; did you mean 'dcgan'?"),
        ("model=zzz", "model: there is no model 'zzz'; the models are dcgan, "),
        ("models.dcgan.objective.n_critc=3", "n_critc"),
        ("+train.epoch=3", "train.epoch: there is no such field; did you mean 'epochs'?"),
        ("train.epochs=many", 'train.epochs: must be a valid integer, not "many"'),
        ("train.device=tpu", "train.device: must be one of 'auto', 'cuda', 'mps' or 'cpu'"),
        ("train.device=cuda", "train.device is cuda, but this machine has none"),
        ("train.batch_size=1000", "there are only 65 training images; set it to 65 or less"),
    ],
)
def test_a_wrong_parameter_stops_the_run(project: Project, change: str, says: str) -> None:
    if change == "train.device=cuda" and torch.cuda.is_available():
        return  # there it is right
    output = project.dvc("exp", "run", "-S", change, code=None)
    assert says in output
    assert "ERROR" in output
    assert "Traceback" not in output
    trained = (project.root / "models/generator.safetensors").exists()
    assert not trained or "train" not in ran(output)
    project.run("git", "checkout", "-q", "params.yaml")
    project.dvc("checkout")


def test_queued_experiments_run_the_code_they_were_queued_with(project: Project) -> None:
    grid = ["-S", "model=mlp,dcgan", "-S", "seed=7"]
    project.dvc("exp", "run", "--queue", *grid, "evaluate")
    entry = project.root / "src/ganpipe/training/loop.py"
    original = entry.read_text()
    entry.write_text("raise SystemExit('the workspace was edited after queueing')\n")
    project.dvc("queue", "start", "-j", "2")
    status = _wait_for_queue(project)
    entry.write_text(original)
    assert status.count("Success") == 2, status
    table = project.dvc("exp", "show", "--csv")
    assert len([line for line in table.splitlines() if ",7," in line]) == 2


def _wait_for_queue(project: Project) -> str:
    status = ""
    for _ in range(120):
        status = project.dvc("queue", "status")
        if not re.search(r"Running|Queued", status):
            return status
        project.run("sleep", "1")
    return status


def test_two_folders_give_the_same_bytes(base: Project, tmp_path: Path) -> None:
    other = make_project(tmp_path / "another place")
    other.dvc("repro")
    for name in (
        "models/generator.safetensors",
        "models/generator_raw.safetensors",
        "models/discriminator.safetensors",
        "data/classifier/classifier.safetensors",
        "samples/fixed_noise.png",
        "samples/interpolation.png",
        "samples/interpolation.gif",
        "samples/progress.webp",
        "metrics/train.csv",
        "metrics/train.json",
        "metrics/evaluate.json",
        "metrics/data.json",
        "export/generator.onnx",
    ):
        assert (other.root / name).read_bytes() == (base.root / name).read_bytes(), name


def test_bf16_runs(project: Project) -> None:
    changes = ["-S", "train.precision=bf16", "-S", "train.epochs=1"]
    assert {"check", "train", "evaluate"} <= ran(project.dvc("exp", "run", *changes, "evaluate"))
