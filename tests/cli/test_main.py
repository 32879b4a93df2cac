"""The command line as a whole: help, usage errors, exit codes, and how quickly it answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.support import ROOT, run_python

from ganpipe.cli.main import COMMANDS, main, parser

HEAVY = {"torch", "torchvision", "dvc", "scipy", "matplotlib", "hydra"}
LINES = [[], ["cache", "prune"], *([name] for name in COMMANDS)]


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_help_is_plain_and_light(words: list[str]) -> None:
    program = (
        "import sys\nfrom ganpipe.cli.main import entry\ntry: entry()\n"
        f"finally: print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr)"
    )
    result = run_python("-c", program, *words, "--help", cwd=ROOT, COLUMNS="100")
    assert result.returncode == 0, result.stderr
    assert result.stderr == "[]\n"
    assert result.stdout.startswith(f"usage: {' '.join(['ganpipe', *words])} [-h]")
    assert "`" not in result.stdout
    assert "None" not in result.stdout


def test_the_help_of_all_imports_no_subcommand() -> None:
    program = (
        "import sys\nfrom ganpipe.cli.main import entry\ntry: entry()\n"
        "finally: print([n for n in sys.modules if n.startswith('ganpipe.cli.')\n"
        "    or n in ('numpy', 'pydantic', 'ganpipe.params')], file=sys.stderr)"
    )
    result = run_python("-c", program, "--help", cwd=ROOT)
    assert result.stderr == "['ganpipe.cli.main']\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_of_help_starts_with_a_verb(name: str) -> None:
    first = COMMANDS[name].does.split()[0]
    assert first.islower()
    assert not first.endswith(("s", "ing"))
    assert COMMANDS[name].example.startswith(f"ganpipe {name}")
    assert (ROOT / f"src/ganpipe/cli/{name}.py").is_file()


def test_the_command_alone_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    alone = capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    assert alone.out == capsys.readouterr().out
    assert all(f"    {name}" in alone.out for name in COMMANDS)
    assert alone.err == ""


def test_the_version() -> None:
    result = run_python("-m", "ganpipe", "--version", cwd=ROOT)
    assert result.stdout == "ganpipe 0.1.0\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["genrate"], "there is no command 'genrate'; did you mean 'generate'?"),
        (["Score"], "did you mean 'score'?"),
        (["train"], "there is no command 'train'; the commands are generate, score,"),
        (["--quiet"], "unrecognized arguments: --quiet"),
        (["generate"], "the following arguments are required: --out"),
        (["generate", "--out", "x", "--nums", "3"], "unrecognized arguments: --nums 3"),
        (["generate", "--out", "x", "--see", "3"], "unrecognized arguments: --see 3"),
        (["generate", "--out", "x", "--num", "many"], "argument --num: invalid int value: 'many'"),
        (["generate", "--out", "x", "--device", "gpu"], "argument --device: invalid choice: 'gpu'"),
        (["cache", "delete"], "invalid choice: 'delete'"),
        (["cache", "prune", "--older-than", "-1"], "must be a number of days, 0 or more, not '-1'"),
        (["cache", "prune", "--older-than", "nan"], "0 or more, not 'nan'"),
        (["cache", "prune", "--older-than", "inf"], "0 or more, not 'inf'"),
        (["cache", "prune", "--older-than", "old"], "0 or more, not 'old'"),
        (["completion"], "the following arguments are required: shell"),
        (["completion", "tcsh"], "invalid choice: 'tcsh'"),
        (["schema", "params.yaml"], "unrecognized arguments: params.yaml"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    streams = capsys.readouterr()
    assert caught.value.code == 2
    assert streams.out == ""
    assert streams.err.startswith("usage: ganpipe")
    assert says in streams.err


SCORED = ["images", "--generator", "--reference", "--inception-weights", "--classifier"]
EMPTY = {  # all that take a name or a path, with the rest of a line
    "generate": (["--input", "--class", "--out", "--weights"], ["--out", "x"]),
    "score": ([*SCORED, "--save-reference"], ["--reference", "x"]),
    "export": (["--out", "--weights", "--push"], ["--out", "x.onnx"]),
    "page": (["--out", "--weights"], []),
    "models": (["block"], []),
}


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, each) for name, (options, _) in EMPTY.items() for each in options],
)
def test_an_unset_variable_in_a_script_is_a_wrong_command_line(
    name: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [option, ""] if option.startswith("-") else [""]
    with pytest.raises(SystemExit) as caught:
        main([name, *EMPTY[name][1], *words])
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "must not be empty" in said
    assert option.strip("-") in said.splitlines()[-1] or option == "block"


def test_every_free_text_refuses_to_be_empty() -> None:
    """Each option that is no number, choice or flag is in the table above."""
    whole = parser()
    [commands] = [each for each in whole._actions if each.dest == "command"]
    assert isinstance(commands.choices, dict)
    for name, sub in commands.choices.items():
        for action in sub._actions:
            if action.nargs == 0 or action.choices or action.type in {int, float}:
                continue
            known = (action.option_strings or [action.dest])[-1]
            refused = known in EMPTY.get(name, ([], []))[0]
            assert refused or known in {"--extractor", "--set", "--older-than"}, (name, known)


def test_exit_codes_of_the_process(tmp_path: Path) -> None:
    lines = {
        0: ["schema"],
        1: ["generate", "--out", "x"],  # weights are missing
        2: ["generate"],
    }
    for code, words in lines.items():
        result = run_python("-m", "ganpipe", *words, cwd=tmp_path)
        assert result.returncode == code, result.stderr
        assert "Traceback" not in result.stderr
        assert (result.stderr == "") == (code == 0)
        assert (result.stdout == "") == (code != 0)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_wants_a_record(tmp_path: Path) -> None:
    result = run_python("-m", "ganpipe", "environment", cwd=tmp_path)
    assert result.returncode == 1
    assert "environment.json is missing" in result.stderr
