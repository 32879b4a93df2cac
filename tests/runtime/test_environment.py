from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganpipe.core.errors import GanpipeError
from ganpipe.runtime.cores import usable
from ganpipe.runtime.environment import differences, here, note_drift
from ganpipe.runtime.memory import device_errors
from ganpipe.storage.files import write_json


def test_what_differs_is_said_in_one_line(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "environment.json"
    note_drift("cpu", path)  # no record, nothing to say
    now = {**here("cpu"), "threads": 1}  # however many this process computes with
    write_json(path, {**now, "precision": "bf16"})
    note_drift("cpu", path)
    assert capsys.readouterr().err == ""
    elsewhere = {**now, "threads": 64, "versions": {**now["versions"], "torch": "1.0"}}
    write_json(path, elsewhere)
    note_drift("cpu", path)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"threads (64, now {usable()})" in said
    assert f"versions.torch (1.0, now {now['versions']['torch']})" in said


def test_long_values_are_named_only() -> None:
    assert differences({"a": "x" * 64, "b": {"c": 1}}, {"a": "y" * 64, "b": {"c": 1, "d": 2}}) == [
        "a",
        "b.d (None, now 2)",
    ]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9"),
            "the memory of the device is full; set train.batch_size to 32 instead of 64",
        ),
        (MemoryError(), "set train.batch_size to 32 instead of 64, or choose smaller networks"),
        (
            RuntimeError("cumsum_cuda does not have a deterministic implementation, but you set"),
            "cumsum_cuda cannot give the same bits twice on this device; set train.deterministic",
        ),
    ],
)
def test_what_a_device_refuses_becomes_advice(error: Exception, says: str) -> None:
    with pytest.raises(GanpipeError, match=says), device_errors("train.batch_size", 64):
        raise error


def test_the_device_s_own_error_is_known_by_its_class() -> None:
    import torch

    with pytest.raises(GanpipeError, match="memory"), device_errors("train.batch_size", 2):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="a bug"), device_errors("train.batch_size", 2):
        raise RuntimeError("a bug")
