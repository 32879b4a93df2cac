from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganpipe.core.command import run
from ganpipe.core.errors import GanpipeError
from ganpipe.storage.files import atomic_path, read_json, write_json


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.json"
    write_json(path, {"a": 1})
    before = path.read_bytes()
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_not_a_number_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"fid": float("nan")})
    assert not list(tmp_path.iterdir())


def test_missing_and_damaged_json_name_the_stage(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    with pytest.raises(GanpipeError, match="the stage 'prepare' writes it"):
        read_json(path, "prepare")
    path.write_text("{")
    with pytest.raises(GanpipeError, match="is damaged"):
        read_json(path, "prepare")


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """The tests' own Ctrl-C, which a command gives back to the system at its end."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_what_a_user_can_mend_is_one_sentence_and_exit_code_1() -> None:
    def fails() -> None:
        raise GanpipeError("the file is missing")

    with pytest.raises(SystemExit) as caught:
        run(fails)
    assert caught.value.code == "error: the file is missing"

    def fills() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "models/x")

    with pytest.raises(SystemExit) as caught:
        run(fills)
    assert "the disk is full while writing models/x" in str(caught.value.code)

    def is_kept_out() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "locked/x.npz")

    with pytest.raises(SystemExit) as caught:
        run(is_kept_out)
    assert str(caught.value.code).startswith("error: locked/x.npz: permission denied; allow it")

    def breaks() -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        run(breaks)


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_leaves_early_is_no_error_to_tell(lines: int) -> None:
    text = (
        "from ganpipe.core.command import run\n"
        f"run(lambda: [print('line') for _ in range({lines})])"
    )
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-c", text]
        result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writer)
    assert (result.returncode, result.stderr) == (141, b"")


def test_who_is_terminated_clears_up_and_says_so_by_the_code(tmp_path: Path) -> None:
    text = """
import tempfile, time
from ganpipe.core.command import run

def main():
    with tempfile.TemporaryDirectory():
        print("here", flush=True)
        time.sleep(60)

run(main)
"""
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", text]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    assert list(tmp_path.iterdir())
    process.terminate()
    assert process.communicate() == ("", "")
    assert process.returncode == 143
    assert not list(tmp_path.iterdir())


def test_ctrl_c_once_more_ends_what_is_left_without_a_traceback() -> None:
    text = """
import signal, threading, time
from ganpipe.core.command import run

def main():
    threading.Thread(target=time.sleep, args=(60,)).start()  # the process waits for it
    raise KeyboardInterrupt

signal.signal(signal.SIGINT, signal.default_int_handler)  # were it ignored where tests run
run(main)
"""
    process = subprocess.Popen([sys.executable, "-c", text], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "interrupted\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.stderr.read() == ""
    assert process.wait() == -signal.SIGINT
