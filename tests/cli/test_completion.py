"""Completion in a shell: the script is valid, and a real bash offers what there is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ganpipe.cli.main import COMMANDS, main

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


def script(shell: str, path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    main(["completion", shell])
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


def offers(script: Path, *words: str) -> list[str]:
    """What bash completes the last of the words to."""
    program = (
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; '
        'COMP_POINT=${#COMP_LINE}; compopt() { :; }; _shtab_ganpipe ganpipe "${@: -1}"; '
        "printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", program, script, "ganpipe", *words],
        capture_output=True,
        text=True,
        cwd=script.parent,
        timeout=30,
        check=True,
    )
    assert done.stderr == ""
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


@needs_bash
def test_bash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bash = script("bash", tmp_path / "completion.bash", capsys)
    subprocess.run(["bash", "-n", bash], check=True, timeout=30)
    assert offers(bash, "") == list(COMMANDS)
    assert offers(bash, "ge") == ["generate"]
    assert offers(bash, "score", "--extractor", "") == ["classifier", "digits", "inception"]
    assert offers(bash, "score", "--extractor", "in") == ["inception"]
    assert offers(bash, "score", "--precision", "b") == ["bf16"]
    assert offers(bash, "generate", "--device", "") == ["auto", "cuda", "mps", "cpu"]
    assert offers(bash, "generate", "--s") == ["--seed"]
    assert offers(bash, "cache", "p") == ["prune"]
    assert offers(bash, "cache", "prune", "down") == ["downloads"]
    assert offers(bash, "completion", "") == ["bash", "zsh"]


@needs_bash
def test_bash_completes_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bash = script("bash", tmp_path / "completion.bash", capsys)
    (tmp_path / "generator.safetensors").touch()
    for words in (
        ["generate", "--weights", "gen"],
        ["generate", "--out", "gen"],
        ["score", "gen"],
        ["score", "--reference", "gen"],
    ):
        assert offers(bash, *words) == ["generator.safetensors"]


def test_zsh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zsh = script("zsh", tmp_path / "_ganpipe", capsys)
    text = zsh.read_text()
    assert text.startswith("#compdef ganpipe")
    assert "(classifier digits inception)" in text
    assert all(f"{name}:" in text for name in COMMANDS)
    if shutil.which("zsh"):
        subprocess.run(["zsh", "-n", zsh], check=True, timeout=30)
