"""How a command ends: its exit code and the one message that it leaves."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.support import run_python

from ganpipe.core.command import FULL, REFUSED

START = """import os, signal, sys, time
from ganpipe.core.command import run
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
"""


def program(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"{START}def main():\n{lines}\nrun(main)\n"


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("pass", 0, ""),
        (
            "from ganpipe.core.errors import GanpipeError\nraise GanpipeError('a \u2192 b')",
            1,
            "error: a \\u2192 b\n",
        ),
        ("raise KeyboardInterrupt", 130, "interrupted\n"),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(5)", 130, "interrupted\n"),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)", 143, ""),
        (
            f"raise OSError({errno.ENOSPC}, 'No space', 'out.npz')",
            1,
            "error: the disk is full while writing out.npz; make room and run the same command "
            "again\n",
        ),
        (
            f"raise OSError({errno.ENOSPC}, 'No space')",
            1,
            "error: the disk is full; make room and run the same command again\n",
        ),
        (
            f"raise OSError({errno.EROFS}, 'Read-only', 'x')",
            1,
            "error: x: the file system is read-only; name another place\n",
        ),
        (
            "open('.')",
            1,
            "error: .: it is a folder; name a file\n",
        ),
        (
            "open('a', 'w').close(); os.makedirs('a/b')",
            1,
            "error: a/b: there is a file where a folder is needed; name another place\n",
        ),
        (
            "from pathlib import Path\nPath('a').touch()\nPath('a').mkdir(exist_ok=True)",
            1,
            "error: a: something of this name is in the way; name another place\n",
        ),
        ("open('a/b')", 1, "error: a/b: it is not there; name another, or make it\n"),
        (
            f"raise OSError({errno.EBUSY}, 'Busy', '.x.part', None, 'x')",
            1,
            "error: x: it is in use, as a mount point is; name another place\n",
        ),
        (
            f"raise OSError({errno.EXDEV}, 'Other device', '.x.part', None, 'x')",
            1,
            "error: x: it is on another file system; name a place on the same one\n",
        ),
        ("print('\u2192')", 0, ""),
    ],
)
def test_an_end(tmp_path: Path, body: str, code: int, says: str) -> None:
    result = run_python("-c", program(body), cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (code, says)


def test_a_bug_keeps_its_traceback(tmp_path: Path) -> None:
    for error in ("ValueError('x')", f"OSError({errno.EIO}, 'broken', 'x')"):
        result = run_python("-c", program(f"raise {error}"), cwd=tmp_path)
        assert result.returncode == 1
        assert "Traceback" in result.stderr


def test_every_message_says_what_to_do() -> None:
    assert all(";" in sentence for sentence in REFUSED.values())
    assert not FULL.keys() & REFUSED.keys()


def test_a_reader_that_leaves_early(tmp_path: Path) -> None:
    command = [sys.executable, "-c", program("while True: print('line')")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize("streams", ["1>&-", "2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"])
@pytest.mark.parametrize(("body", "code"), [("print('x')", 0), ("raise BrokenPipeError", 141)])
def test_closed_streams_change_no_exit_code(
    tmp_path: Path, streams: str, body: str, code: int
) -> None:
    words = ["sh", "-c", f'exec "$0" -c "$1" {streams}', sys.executable, program(body)]
    done = subprocess.run(words, cwd=tmp_path, timeout=60, check=False, capture_output=True)
    assert done.returncode == code


def test_ctrl_c_after_the_work_ends_at_once(tmp_path: Path) -> None:
    """While Python shuts down, which takes long with torch loaded."""
    body = "import atexit; atexit.register(time.sleep, 30); print('worked', flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", program(body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "worked\n"
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert errors == ""
