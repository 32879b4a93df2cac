"""Messages on stderr: levels, marks, and terminals that cannot show them."""

from __future__ import annotations

import ast
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.support import ROOT, run_python

from ganpipe.core import log
from ganpipe.core.errors import GanpipeError

LOUD = """
import logging
from ganpipe.core.command import run
def main():
    logger = logging.getLogger("ganpipe.somewhere")
    for level in ("debug", "info", "warning", "error"):
        getattr(logger, level)(f"a sentence about {level} \u2192 \u00e9")
    print("done \u2192")
run(main)
"""
LINES = {
    "debug": "a sentence about debug \u2192 \u00e9\n",
    "info": "a sentence about info \u2192 \u00e9\n",
    "warning": "warning: a sentence about warning \u2192 \u00e9\n",
    "error": "error: a sentence about error \u2192 \u00e9\n",
}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("", ["info", "warning", "error"]),
        (" Warning", ["warning", "error"]),
        ("ERROR", ["error"]),
    ],
)
def test_the_level(value: str, shown: list[str], tmp_path: Path) -> None:
    result = run_python("-c", LOUD, cwd=tmp_path, GANPIPE_LOG=value, PYTHONIOENCODING="utf-8")
    assert result.stderr == "".join(LINES[level] for level in shown)
    assert (result.returncode, result.stdout) == (0, "done \u2192\n")


@pytest.mark.parametrize("value", ["verbose", "warn", "10"])
def test_another_level_is_refused(value: str, tmp_path: Path) -> None:
    result = run_python("-c", LOUD, cwd=tmp_path, GANPIPE_LOG=value)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"error: GANPIPE_LOG is '{value}'; set it to one of debug, info, warning, error\n"
    )


def test_the_commands_and_the_stages_follow_it(tmp_path: Path) -> None:
    for module in ("ganpipe", "stages.check"):
        result = run_python("-m", module, cwd=ROOT, GANPIPE_LOG="verbose")
        assert result.returncode == 1
        assert result.stderr.startswith("error: GANPIPE_LOG is 'verbose'")


def test_an_encoding_without_the_letters(tmp_path: Path) -> None:
    result = run_python("-c", LOUD, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stdout) == (0, "done \\u2192\n")
    assert "warning: a sentence about warning \\u2192 \\xe9\n" in result.stderr


def test_a_closed_stderr(tmp_path: Path) -> None:
    result = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, LOUD],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "done \u2192\n")


def test_a_stderr_that_nobody_reads(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-c", LOUD],
        stdout=subprocess.PIPE,
        stderr=writer,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert result.stdout == "done \u2192\n"
    assert result.returncode == 0


def test_setting_up_twice_says_things_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANPIPE_LOG", raising=False)
    log.set_up()
    log.set_up()
    logging.getLogger("ganpipe.somewhere").warning("of %d images", 3)
    assert capsys.readouterr().err == "warning: of 3 images\n"
    monkeypatch.setenv("GANPIPE_LOG", "loud")
    with pytest.raises(GanpipeError, match="GANPIPE_LOG is 'loud'"):
        log.set_up()


def prints_to_a_stream(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "print"
        and any(keyword.arg == "file" for keyword in node.keywords)
    )


def test_everything_else_uses_the_log() -> None:
    folders = (ROOT / "src", ROOT / "stages")
    files = [file for folder in folders for file in folder.rglob("*.py")]
    found = [
        file.name
        for file in files
        if any(map(prints_to_a_stream, ast.walk(ast.parse(file.read_text(encoding="utf-8")))))
    ]
    assert found == []


def test_messages_have_a_logger_of_their_module() -> None:
    for file in (ROOT / "src").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "logging.getLogger(" not in text.replace("logging.getLogger(__name__)", "") or (
            file.name == "log.py"
        ), file
        assert "logging.info(" not in text, file
        assert "logging.warning(" not in text, file
