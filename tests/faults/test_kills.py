"""Processes that die or are asked to stop: the next run ends in the same bytes."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable

import psutil
import pytest
import torch
from helpers.inception_files import random_weights
from helpers.victim import TRAIN, Victim, wait_until

Check = Callable[[Victim], None]


def finish(victim: Victim) -> str:
    """Run the same command again; what it says."""
    return victim.run(*TRAIN)


def apply(victim: Victim, experiment: str) -> None:
    """Bring an experiment's results here; dvc complains that later stages have none yet."""
    victim.dvc("exp", "apply", experiment, code=None)
    victim.dvc("checkout", "train")


@pytest.mark.fault("kill -9 of the training process")
@pytest.mark.parametrize("number", range(20))
def test_killed_at_a_random_moment(
    victim: Victim, undisturbed: Victim, same: Check, number: int
) -> None:
    """One in five dies before training begins, the others anywhere in training."""
    moment = random.Random(number).random()
    process = victim.begin(*TRAIN)
    if number % 5:
        wait_until((victim.root / "metrics/train.csv").exists)
        time.sleep(moment * undisturbed.json("metrics/timing.json")["train_seconds"])
    else:
        time.sleep(moment * 3)
    process.kill()
    process.wait()
    resumable = bool(victim.checkpoints)
    assert ("going on after step" in finish(victim)) == resumable
    same(victim)
    assert not victim.checkpoints


@pytest.mark.fault("kill -9 five times in one run")
def test_killed_again_and_again(victim: Victim, same: Check) -> None:
    for _ in range(5):
        before = victim.checkpoints
        process = victim.begin(*TRAIN)
        wait_until(lambda: victim.checkpoints != before or process.poll() is not None)  # noqa: B023
        process.kill()
        process.wait()
    finish(victim)
    same(victim)


@pytest.mark.fault("kill -9 of dvc")
@pytest.mark.parametrize(
    ("command", "shell"),  # bash becomes the stage that it starts; sh may stay above it
    [(("repro", "train"), "sh"), (("exp", "run", "train"), "bash")],
)
def test_dvc_is_killed(victim: Victim, same: Check, command: tuple[str, ...], shell: str) -> None:
    dvc = victim.begin("dvc", *command, SHELL=str(shutil.which(shell)))
    wait_until(lambda: victim.checkpoints)
    trainer = victim.trainer(dvc)
    dvc.kill()
    dvc.wait()
    trainer.wait(60)  # nobody is left to take its outputs: it stops by itself
    assert victim.checkpoints
    assert "going on after step" in victim.dvc(*command)
    same(victim)


@pytest.mark.fault("kill -9 of dvc and training")
def test_both_are_killed(victim: Victim, same: Check) -> None:
    dvc = victim.begin("dvc", "repro", "train")
    wait_until(lambda: victim.checkpoints)
    os.killpg(dvc.pid, signal.SIGKILL)
    dvc.wait()
    assert "going on after step" in victim.dvc("repro", "train")
    same(victim)


@pytest.mark.fault("experiment in a temporary folder killed")
def test_an_experiment_elsewhere_goes_on(victim: Victim, same: Check) -> None:
    command = ("dvc", "exp", "run", "--temp", "--name", "elsewhere", "train")
    dvc = victim.begin(*command)
    wait_until(lambda: victim.checkpoints)
    os.killpg(dvc.pid, signal.SIGKILL)
    dvc.wait()
    assert "going on after step" in victim.run(*command)
    apply(victim, "elsewhere")
    same(victim)


@pytest.mark.fault("queued experiment killed")
def test_a_queued_experiment_goes_on(victim: Victim, same: Check) -> None:
    """Its training is killed; put into the queue again, it goes on."""
    command = ("exp", "run", "--queue", "train")
    victim.dvc(*command, "--name", "first")
    victim.begin("dvc", "queue", "start")  # it comes back late, maybe after training
    wait_until(lambda: victim.checkpoints)
    inside = str(victim.root)
    for process in psutil.process_iter(["cmdline", "cwd"]):
        line = " ".join(process.info["cmdline"] or [])
        if "stages.train" in line and (process.info["cwd"] or "").startswith(inside):
            process.kill()
    wait_until(lambda: "Failed" in victim.dvc("queue", "status"))
    assert victim.checkpoints
    victim.dvc(*command, "--name", "second")
    wait_until(lambda: _started_queue(victim, "second") == "Success")
    assert "going on after step" in victim.dvc("queue", "logs", "second")
    apply(victim, "second")
    same(victim)


def _started_queue(victim: Victim, name: str) -> str:
    """The state of a queued experiment, whose queue is started where it waits.

    One start may be too few: DVC starts no worker while the last one is about to go home.
    """
    lines = victim.dvc("queue", "status").splitlines()
    state = next(line for line in lines if name in line.split()).split()[-1]
    if state == "Queued":
        victim.dvc("queue", "start")
    return state


@pytest.mark.fault("reference with Inception killed")
def test_what_inception_saw_is_kept(victim: Victim) -> None:
    """Killed half way, the stage goes on with the batches that it has, and gives the same file."""
    torch.save(random_weights(), victim.root / "inception.pth")
    victim.set(
        evaluate__extractors=["inception"],
        evaluate__inception_weights="inception.pth",
        evaluate__batch_size=4,
        evaluate__num_reference=16,
        evaluate__num_generated=16,
        evaluate__max_searched__inception=16,
    )
    victim.run("python", "-m", "stages.check")  # Inception is code of the stage now
    command = ("python", "-m", "stages.reference")
    process = victim.begin(*command)
    wait_until(lambda: len(list(victim.cache.glob("features/*/*.npz"))) >= 2)
    process.kill()
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in victim.cache.glob("features/*/*.npz")}
    process = victim.begin(*command)
    wait_until(lambda: len(list(victim.cache.glob("features/*/*.npz"))) > len(kept))
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in kept}.items()
    assert process.wait(120) == 0, victim.said()
    assert not list(victim.cache.glob("features/*"))
    found = (victim.root / "data/reference/inception.npz").read_bytes()
    victim.run(*command)
    assert found == (victim.root / "data/reference/inception.npz").read_bytes()


@pytest.mark.fault("Ctrl-C, SIGTERM, closed terminal")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_saves_and_says_how_to_go_on(
    victim: Victim, same: Check, number: int, code: int
) -> None:
    process = victim.begin(*TRAIN)
    wait_until(lambda: victim.checkpoints)
    before = victim.checkpoints
    process.send_signal(number)
    assert process.wait(60) == code
    assert victim.checkpoints != before
    assert "run the same command again to go on" in victim.said()
    assert "Traceback" not in victim.said()
    step = int(victim.checkpoints[-1].name.split("_")[1])
    assert f"going on after step {step}," in finish(victim)
    same(victim)


@pytest.mark.fault("Ctrl-C, SIGTERM, closed terminal")
def test_ctrl_c_reaches_dvc_and_training(victim: Victim, same: Check) -> None:
    dvc = victim.begin("dvc", "repro", "train")
    wait_until(lambda: victim.checkpoints)
    os.killpg(dvc.pid, signal.SIGINT)
    assert dvc.wait(60) != 0
    assert "run the same command again to go on" in victim.said()
    assert "going on after step" in victim.dvc("repro", "train")
    same(victim)


@pytest.mark.fault("Ctrl-C twice")
def test_a_second_signal_stops_at_once(victim: Victim, same: Check) -> None:
    """While a step takes long: the process is stopped until both signals have come."""
    process = victim.begin(*TRAIN)
    wait_until(lambda: victim.checkpoints)
    process.send_signal(signal.SIGINT)
    time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) in (130, -signal.SIGINT)  # which a shell calls 130, too
    assert "Traceback" not in victim.said()
    finish(victim)
    same(victim)


@pytest.mark.fault("two runs of one configuration at once")
@pytest.mark.parametrize("first_is_killed", [True, False])
def test_the_second_run_waits(
    victim: Victim, same: Check, first_is_killed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = victim.copy(tmp_path_factory.mktemp("other"))
    first = victim.begin(*TRAIN)
    wait_until(lambda: victim.checkpoints)
    first.send_signal(signal.SIGSTOP)  # or it would be done before the second has begun
    second = other.begin(*TRAIN, GANPIPE_CACHE=str(victim.cache))
    wait_until(lambda: "same configuration; waiting for it to end" in other.said())
    first.send_signal(signal.SIGKILL if first_is_killed else signal.SIGCONT)
    assert first.wait(120) == (-signal.SIGKILL if first_is_killed else 0)
    assert second.wait(120) == 0
    assert ("going on after step" in other.said()) == first_is_killed
    same(other)
    if not first_is_killed:
        same(victim)


@pytest.mark.fault("two runs in one folder at once")
def test_another_configuration_in_the_same_folder_waits(victim: Victim, same: Check) -> None:
    first = victim.begin(*TRAIN)
    wait_until(lambda: victim.checkpoints)
    first.send_signal(signal.SIGSTOP)
    before = (victim.root / "params.yaml").read_text()
    victim.set(seed=9)
    second = victim.begin(*TRAIN)
    wait_until(lambda: "is training in this folder; waiting" in victim.said())
    (victim.root / "params.yaml").write_text(before)
    first.send_signal(signal.SIGCONT)
    assert first.wait(120) == 0
    assert second.wait(120) == 0
    assert victim.run("python", "-c", SEED) == "9\n"


SEED = "import ganpipe; print(ganpipe.load('models/generator.safetensors', device='cpu').seed)"
