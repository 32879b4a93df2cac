"""Stopping and going on gives the bits of a run that never stopped."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.games import CPU, SHORT, begin
from helpers.support import SHIPPED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganpipe.core.errors import GanpipeError
from ganpipe.recovery.checkpoint import KEPT, Checkpoints
from ganpipe.training.journal import Journal
from ganpipe.training.loop import train_step
from ganpipe.training.state import state_dict
from ganpipe.training.trainer import _restore, _save

OUTPUT = Path("samples/progress")
STEPS = 6


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Small networks gain nothing from more, and threads that wait for a busy core lose much."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Run:
    """One process's share of a run: what it starts with, and steps that leave output behind."""

    def __init__(self, name: str, folder: Path) -> None:
        self.state, self.batches = begin(name)
        self.journal = Journal(
            Path("metrics/train.csv"),
            logged=self.state.method.logged,
            every=4,
            total=STEPS,
            model_name=name,
        )
        self.checkpoints = Checkpoints(folder, [OUTPUT])
        self.seconds = _restore(self.checkpoints, self.state, self.journal, CPU)

    def go(self, until: int) -> None:
        while self.state.step < until:
            parts = train_step(self.state, self.batches, SHORT)
            self.journal.add(self.state.step, parts, images_seen=self.state.step * 8, lr=0.1)
            OUTPUT.mkdir(parents=True, exist_ok=True)
            (OUTPUT / f"{self.state.step}.png").write_text(f"a picture {self.state.step}")

    def stop(self) -> None:
        _save(self.checkpoints, self.state, self.journal, 1.0)

    def result(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        files = [Path("metrics/train.csv"), *sorted(OUTPUT.iterdir())]
        return state_dict(self.state), {str(path): path.read_bytes() for path in files}


def equal(first: Any, second: Any) -> bool:
    """Whether two nests of dicts, lists and tensors are the same to the last bit."""
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(equal(first[k], second[k]) for k in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(equal, first, second))
    return bool(first == second)


def in_one_go(name: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    run = Run(name, Path("never stopped"))
    run.go(STEPS)
    return run.result()


@pytest.mark.parametrize("name", SHIPPED.models)
def test_every_model_goes_on_bit_for_bit(name: str) -> None:
    expected = in_one_go(name)
    first = Run(name, Path("c"))
    first.go(3)
    first.stop()
    first.go(4)  # and is killed, one step after its checkpoint
    second = Run(name, Path("c"))
    assert second.state.step == 3
    assert not equal(state_dict(second.state), expected[0])
    second.go(STEPS)
    assert equal(second.result(), expected)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(stops=st.lists(st.tuples(st.integers(0, STEPS), st.booleans()), max_size=5))
def test_any_sequence_of_stops_changes_nothing(
    stops: list[tuple[int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each stop comes so many steps after the last start, with a checkpoint or without one."""
    os.chdir(tmp_path_factory.mktemp("example"))
    expected = in_one_go("toy_mlp")
    for steps, saves in stops:
        run = Run("toy_mlp", Path("c"))
        run.go(min(run.state.step + steps, STEPS))
        if saves:
            run.stop()
    last = Run("toy_mlp", Path("c"))
    last.go(STEPS)
    assert equal(last.result(), expected)


def stopped_at(*steps: int) -> list[Path]:
    """Checkpoints of a run at ``steps``, oldest first."""
    run = Run("toy_mlp", Path("c"))
    for step in steps:
        run.go(step)
        run.stop()
    return sorted(Path("c").glob("step_*.pt"))


def test_the_newest_two_are_kept() -> None:
    assert KEPT == 2
    assert [path.name[:14] for path in stopped_at(1, 2, 3)] == ["step_000000002", "step_000000003"]


@pytest.mark.parametrize("where", [0, 0.5, 1])
def test_a_flipped_byte_costs_only_the_newest(where: float, capsys: Any) -> None:
    older, newest = stopped_at(2, 3)
    data = bytearray(newest.read_bytes())
    data[int(where * (len(data) - 1))] ^= 1
    newest.write_bytes(data)
    run = Run("toy_mlp", Path("c"))
    assert run.state.step == 2
    assert f"warning: checkpoint {newest} is damaged" in capsys.readouterr().err
    run.go(STEPS)
    assert equal(run.result(), in_one_go("toy_mlp"))
    assert older.exists()


@pytest.mark.parametrize("length", [0, 100])
def test_half_a_file_costs_only_the_newest(length: int) -> None:
    _, newest = stopped_at(2, 3)
    newest.write_bytes(newest.read_bytes()[:length])
    assert Run("toy_mlp", Path("c")).state.step == 2


def test_a_checkpoint_without_its_files_is_not_used(capsys: Any) -> None:
    stopped_at(2, 3)
    Path("c/files/samples/progress/3.png").write_text("another picture")
    assert Run("toy_mlp", Path("c")).state.step == 2
    assert "lacks samples/progress/3.png as it was" in capsys.readouterr().err


def test_where_all_are_damaged_the_run_starts_afresh() -> None:
    for path in stopped_at(2, 3):
        path.write_bytes(b"")
    run = Run("toy_mlp", Path("c"))
    assert run.state.step == 0
    assert not OUTPUT.exists()  # no pictures of a run that is not gone on with
    run.go(STEPS)
    assert equal(run.result(), in_one_go("toy_mlp"))


class Mark:
    """An object whose unpickling leaves a file behind."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("executed"),))


@pytest.mark.parametrize("writer", ["pickle", "torch"])
def test_a_planted_pickle_is_never_executed(writer: str, capsys: Any) -> None:
    stopped_at(2)
    buffer = io.BytesIO()
    if writer == "pickle":
        pickle.dump({"files": Mark()}, buffer)
    else:
        torch.save({"files": {}, "state": Mark()}, buffer)
    data = buffer.getvalue()
    planted = Path("c") / f"step_000000009_{sha256(data).hexdigest()}.pt"  # with the right hash
    planted.write_bytes(data)
    assert Run("toy_mlp", Path("c")).state.step == 2
    assert not Path("executed").exists()
    assert f"checkpoint {planted} cannot be read" in capsys.readouterr().err
    pickle.loads(pickle.dumps(Mark()))
    assert Path("executed").exists()  # as it would have, had it been unpickled


def test_a_checkpoint_writes_only_into_its_output_folders() -> None:
    stopped_at(2)
    run = Run("toy_mlp", Path("c"))
    run.checkpoints._copied["samples/progress/../../outside"] = sha256(b"x").hexdigest()
    Path("c/files/samples/progress").mkdir(parents=True, exist_ok=True)
    Path("c/files/outside").write_bytes(b"x")
    run.go(3)
    run.stop()
    assert Run("toy_mlp", Path("c")).state.step == 2
    assert not Path("outside").exists()


def test_what_a_killed_writer_left_is_swept_up() -> None:
    stopped_at(2)
    left = Path("c/.step_000000003_00.pt.abc.part")
    left.write_bytes(b"half")
    assert Run("toy_mlp", Path("c")).state.step == 2
    assert not left.exists()


def test_no_checkpoint_is_written_of_a_loss_that_is_not_finite() -> None:
    run = Run("toy_mlp", Path("c"))
    run.go(2)
    nan = {name: torch.tensor(float("nan")) for name in ("d_loss", "g_loss", "d_real", "d_fake")}
    run.journal.add(3, nan, images_seen=24, lr=0.1)
    with pytest.raises(GanpipeError, match="not finite since step 3"):
        run.stop()
    assert not run.checkpoints.any()


def test_a_deletion_that_is_interrupted_leaves_no_broken_checkpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped_at(2, 3)
    run = Run("toy_mlp", Path("c"))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("ganpipe.recovery.checkpoint.shutil.rmtree", killed)
        run.checkpoints.discard()
    assert not run.checkpoints.any()
