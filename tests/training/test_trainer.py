"""The stage `train`: its budget and its epochs."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from helpers.games import SHORT, begin
from helpers.support import SHIPPED, pixels, small_model, spec_of
from hypothesis import given, settings
from hypothesis import strategies as st

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.data.loading.arrays import images_path, labels_path, spec_path
from ganpipe.data.spec import DataSpec
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.schedule import updates_before
from ganpipe.runtime.device import set_deterministic
from ganpipe.sampling.trained import load_trained
from ganpipe.storage.tensor_file import read_tensors
from ganpipe.training.budget import LEAST_STEPS
from ganpipe.training.loop import total_steps
from ganpipe.training.trainer import finished_epoch, train_model

CPU = torch.device("cpu")
CONFIG = SHORT.model_copy(update={"device": "cpu", "epochs": 1, "log_every": 2})


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataSpec]:
    """48 prepared images in the current folder, and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANPIPE_CACHE", str(tmp_path / "cache"))
    spec = spec_of()
    paths.PREPARED.mkdir(parents=True)
    spec_path(paths.PREPARED).write_text(json.dumps(spec.to_dict()))
    np.save(images_path(paths.PREPARED, "train"), pixels(spec).numpy())
    np.save(labels_path(paths.PREPARED, "train"), np.arange(spec.num_train) % 2)
    yield spec
    set_deterministic(False)


def train(
    name: str,
    schedule: dict[str, Any] | None = None,
    block: dict[str, Any] | None = None,
    **train: Any,
) -> None:
    """Train a shipped block with changes of its schedule, of other fields, and of `train`."""
    content = small_model(name).model_dump(mode="json") | (block or {})
    content["schedule"] |= schedule or {}
    train_model(
        name,
        model=validate(ModelConfig, content, name),
        default_optimizer=SHIPPED.optimizer,
        config=CONFIG.model_copy(update=train),
        seed=3,
    )


@pytest.mark.parametrize(
    ("schedule", "batch_size", "says"),
    [
        (
            {},
            48,
            "budget of 1 batches, which gives the model 'toy_mlp' 1 training step:",
        ),
        (
            {},
            24,
            "budget of 2 batches, which gives the model 'toy_mlp' 2 training steps:",
        ),
        (
            {"n_critic": 3},
            8,
            "budget of 6 batches, which gives the model 'toy_mlp' 2 training steps:",
        ),
        ({"n_critic": 5, "critic_warmup": True}, 8, "set train.epochs to 50 at the very least"),
    ],
)
def test_too_small_a_budget_is_refused_and_the_epochs_named_that_would_do(
    spec: DataSpec,
    schedule: dict[str, Any],
    batch_size: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a step was trained")

    with monkeypatch.context() as patch, pytest.raises(GanpipeError) as caught:
        patch.setattr("ganpipe.training.loop.train_step", never)
        train("toy_mlp", schedule, batch_size=batch_size)
    assert says in str(caught.value)
    assert "too few to learn anything" in str(caught.value)
    assert not paths.MODELS.exists()
    assert not paths.METRICS.exists()
    if schedule.get("critic_warmup"):
        return  # takes 300 updates
    named = int(str(caught.value).partition("set train.epochs to ")[2].split()[0])
    train("toy_mlp", schedule, batch_size=batch_size, epochs=named)
    assert json.loads(paths.TRAIN_METRICS.read_text())["step"] >= LEAST_STEPS


@settings(deadline=None, max_examples=300)
@given(
    images=st.integers(2, 5000),
    batch_size=st.integers(2, 600),
    epochs=st.integers(1, 40),
    n_critic=st.integers(1, 100),
    warmup=st.booleans(),
)
def test_never_more_epochs_are_trained_than_asked_for(
    images: int, batch_size: int, epochs: int, n_critic: int, warmup: bool
) -> None:
    """Nor so few that one more step would have fitted; fewer than 3 steps are refused."""
    per_epoch = images // batch_size
    if not per_epoch:
        return

    def batches_before(step: int) -> int:
        return updates_before(step, n_critic, warmup)

    state: Any = SimpleNamespace(method=SimpleNamespace(batches_before=batches_before))
    batches: Any = SimpleNamespace(per_epoch=per_epoch)
    config = SHORT.model_copy(update={"epochs": epochs})
    total = total_steps(state, batches, config)
    assert batches_before(total + 1) > epochs * per_epoch
    assert total == 1 or batches_before(total) <= epochs * per_epoch
    told = [
        epoch
        for step in range(1, min(total, 200) + 1)
        if (epoch := finished_epoch(batches_before(step - 1), batches_before(step), per_epoch))
    ]
    assert total == 1 or all(epoch <= epochs for epoch in told)
    least = -(-batches_before(LEAST_STEPS) // per_epoch)  # what the refusal names
    for asked, enough in ((least, True), (least - 1, False)):
        config = SHORT.model_copy(update={"epochs": asked})
        assert (total_steps(state, batches, config) >= LEAST_STEPS) is enough


def test_every_output_is_written_and_says_where_it_came_from(spec: DataSpec) -> None:
    train("cgan", epochs=2, snapshot_every=1)
    images_seen = 2 * spec.num_train
    files = {
        paths.GENERATOR: "ema",
        paths.GENERATOR_RAW: "raw",
        paths.snapshot(images_seen): "ema",
        paths.snapshot(images_seen // 2): "ema",
    }
    for path, kind in files.items():
        trained = load_trained(path, CPU)
        about = trained.provenance
        assert about["weights"] == kind
        assert (about["model_name"], about["dataset"]) == ("cgan", spec.name)
        assert about["model"] == small_model("cgan").model_dump(mode="json")
        assert trained.seed == 3
        assert trained.sampler.domain == spec.target
    assert load_trained(paths.GENERATOR, CPU).provenance["images_seen"] == images_seen
    header, tensors = read_tensors(paths.player("discriminator"), CPU)
    assert header["provenance"]["weights"] == "discriminator"
    assert all(name.startswith("discriminator.") for name in tensors)
    assert sorted(path.name for path in paths.MODELS.iterdir()) == [
        "discriminator.safetensors",
        "generator.safetensors",
        "generator_raw.safetensors",
        "snapshots",
    ]
    counted = json.loads(paths.TRAIN_METRICS.read_text())
    state, _ = begin("cgan")
    for player, network in state.method.players.items():
        expected = sum(weight.numel() for weight in network.parameters())
        assert counted[f"{player}_parameters"] == expected


def tensors_of(path: Path) -> dict[str, torch.Tensor]:
    return read_tensors(path, CPU)[1]


def test_a_block_may_have_an_average_of_its_own(spec: DataSpec) -> None:
    train("toy_mlp")
    averaged, last = tensors_of(paths.GENERATOR), tensors_of(paths.GENERATOR_RAW)
    assert any(not torch.equal(value, last[name]) for name, value in averaged.items())
    train("toy_mlp", block={"ema_decay": 0.0})
    averaged, off = tensors_of(paths.GENERATOR), tensors_of(paths.GENERATOR_RAW)
    assert all(torch.equal(value, off[name]) for name, value in averaged.items())
    assert all(torch.equal(value, off[name]) for name, value in last.items())
    train("toy_mlp", ema_decay=0.0)
    assert all(torch.equal(v, averaged[n]) for n, v in tensors_of(paths.GENERATOR).items())
    train("toy_mlp", block={"ema_decay": 0.9, "ema_ramp": 0.0})
    expected = tensors_of(paths.GENERATOR)
    train("toy_mlp", ema_decay=0.9, ema_ramp=0.0)
    assert all(torch.equal(v, expected[n]) for n, v in tensors_of(paths.GENERATOR).items())


def test_the_curve_shows_the_rate_of_each_step(spec: DataSpec) -> None:
    """That of the first player, the generator, as params.yaml has it."""
    falling = {"lr": {"start": 0.6, "end": 0.0}}
    train("toy_mlp", block={"optimizer": {"generator": falling}}, log_every=1)
    rows = list(csv.DictReader(paths.TRAIN_CURVE.open()))
    assert [float(row["lr"]) for row in rows] == pytest.approx([0.6, 0.5, 0.4, 0.3, 0.2, 0.1])


def test_a_full_memory_is_answered_by_advice(
    spec: DataSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ganpipe.training.loop.train_step", full)
    with pytest.raises(GanpipeError) as caught:
        train("toy_mlp")
    assert str(caught.value) == (
        "the memory of the device is full; set train.batch_size to 4 instead of 8, or raise "
        "train.accumulate, or choose smaller networks"
    )


@pytest.mark.parametrize(("n_critic", "per_epoch"), [(1, 6), (5, 6), (4, 10), (7, 3)])
def test_finished_epochs(n_critic: int, per_epoch: int) -> None:
    steps = range(1, 41)
    found = {
        s: e for s in steps if (e := finished_epoch((s - 1) * n_critic, s * n_critic, per_epoch))
    }
    for step in steps:
        passed = {math.floor(k * n_critic / per_epoch) for k in (step - 1, step)}
        assert (step in found) == (len(passed) == 2)
        assert found.get(step, 0) in passed | {0}


def test_an_epoch_is_told_once_however_many_updates_a_step_takes() -> None:
    assert [finished_epoch(before, before + 100, 30) for before in (0, 100, 200)] == [3, 6, 10]
    assert [finished_epoch(before, before + 5, 30) for before in (20, 25, 30)] == [0, 1, 0]


def test_the_last_epoch_is_told_where_batches_are_left_over(
    spec: DataSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    """18 batches are three steps of five updates, and three batches more."""
    train("toy_mlp", {"n_critic": 5}, batch_size=8, epochs=3)
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch ")]
    assert [line.split(":")[0] for line in told] == ["epoch 1/3", "epoch 3/3"]


def test_no_snapshot_is_missed_where_a_step_passes_several_epochs(spec: DataSpec) -> None:
    """Of 3 batches an epoch, 5 of which a step takes: every second epoch ends after a multiple of 6
    batches, which is within step 2, 3, 4, 5, 6 and so on; the last is the end of the run."""
    train("toy_mlp", {"n_critic": 5}, batch_size=16, epochs=20, snapshot_every=2)
    kept = [int(path.stem.split("_")[-1]) for path in (paths.MODELS / "snapshots").iterdir()]
    steps = sorted(images // (5 * 16) for images in kept)
    assert steps == [2, 3, 4, 5, 6, 8, 9, 10, 11, 12]


def test_the_updates_of_each_side_are_said_and_few_steps_are_warned_about(
    spec: DataSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    train("toy_mlp", {"n_critic": 2}, batch_size=8, epochs=3)
    said = capsys.readouterr().err
    assert "updates in 3 epochs: 9 of the generator and 18 of the discriminator" in said
    assert "warning: the budget gives only 9 training steps" in said


def test_a_run_that_was_killed_after_its_last_step_writes_every_output(
    spec: DataSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DVC deletes what a stage has written before it runs it again."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("ganpipe.training.trainer._write_results", killed)
        train("toy_mlp", batch_size=8, epochs=2)
    expected = paths.TRAIN_METRICS.read_bytes()
    for path in (paths.TRAIN_METRICS, paths.TRAIN_CURVE):
        path.unlink()
    train("toy_mlp", batch_size=8, epochs=2)
    assert paths.TRAIN_METRICS.read_bytes() == expected
    assert paths.TRAIN_CURVE.exists()
    assert paths.GENERATOR.exists()
