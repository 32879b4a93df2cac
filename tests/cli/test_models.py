"""`ganpipe models`: the list, the counts of a block, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from helpers.support import ROOT, SHIPPED, command, run_python

from ganpipe.core.errors import GanpipeError

TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the shipped parameters and nothing else."""
    (tmp_path / "params.yaml").write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def models(capsys: pytest.CaptureFixture[str]) -> Any:
    """``ganpipe models WORDS``: what it prints."""

    def run(*words: str) -> str:
        command("models", [*words])
        return capsys.readouterr().out

    return run


def test_the_list_is_the_comments_of_the_blocks(models: Any) -> None:
    wanted = dict(re.findall(r"^  (\w+):\n    # (.*)$", TEXT.partition("\nmodels:\n")[2], re.M))
    lines = models().splitlines()
    assert {line.split()[0]: line.split(maxsplit=1)[1] for line in lines} == wanted
    assert wanted.keys() == SHIPPED.models.keys()
    listed = json.loads(models("--json"))
    assert [each["block"] for each in listed] == list(wanted)
    for each in listed:
        paper = f" ({each['paper']})" if each["paper"] else ""
        assert f"{each['purpose']}{paper}" == wanted[each["block"]]


def test_comments_of_another_shape(here: Path, models: Any) -> None:
    changed = TEXT.replace(
        "    # Deep convolutional GAN, the default (Radford et al. 2016, arXiv:1511.06434)\n",
        "    # One (or two), no paper\n    # The paper's: z of\n    # 100 numbers\n",
    )
    changed = re.sub(r"  cgan:\n    #.*\n", "  cgan:\n", changed)
    (here / "params.yaml").write_text(changed, encoding="utf-8")
    listed = {each.pop("block"): each for each in json.loads(models("--json"))}
    notes = "The paper's: z of 100 numbers"
    assert listed["dcgan"] == {"purpose": "One (or two), no paper", "paper": "", "notes": notes}
    assert listed["cgan"] == {"purpose": "", "paper": "", "notes": ""}
    assert "cgan\n" in models()
    assert models("dcgan").startswith(f"dcgan: One (or two), no paper\n{notes}\nimages:")


def test_the_counts_of_a_block(models: Any) -> None:
    text = models("dcgan")
    assert text.startswith("dcgan: Deep convolutional GAN, the default\npaper: Radford et al. 2016")
    assert "images: mnist, 1 x 32 x 32 (padded from 28), 10 classes\n" in text
    resized = models(
        "dcgan", "-S", "datasets.mnist.fit=resize", "-S", "datasets.mnist.image_size=64"
    )
    assert "images: mnist, 1 x 64 x 64, 10 classes\n" in resized
    assert re.search(r"^generator +369,600 +9\.06 M$", text, re.M)
    assert re.search(r"^discriminator +166,784 +8\.65 M$", text, re.M)
    found = json.loads(models("dcgan", "--json"))
    assert found["players"]["generator"] == {"parameters": 369600, "flops": 9060352}
    assert (found["dataset"], found["image_shape"], found["classes"]) == ("mnist", [1, 32, 32], 10)
    assert found["changes"] == {}
    assert found["purpose"] == "Deep convolutional GAN, the default"
    assert found["published"]["changes"]["generator.width"] == 128


def test_changes_are_those_of_the_block_or_of_the_file(models: Any) -> None:
    """16 channels out of a z of 100, then one image of 3 channels, by kernels of 4 x 4."""
    words = [
        "-S",
        "datasets.cifar10.image_size=8",
        "-S",
        "datasets.cifar10.fit=resize",
        "-S",
        "generator.width=16",
        "-S",
        "++discriminator.spectral_norm=false",
        "-S",
        "models.dcgan.latent_dim=50",
    ]
    found = json.loads(models("dcgan", "--dataset", "cifar10", *words, "--json"))
    assert found["image_shape"] == [3, 8, 8]
    assert found["players"]["generator"]["parameters"] == 16 * (50 * 16 + 3 * 16) + 2 * 16
    assert found["changes"]["discriminator.spectral_norm"] is False
    assert json.loads(models("dcgan", "-S", "dataset=cifar10", "--json"))["dataset"] == "cifar10"


def test_images_of_ones_own(models: Any) -> None:
    assert "images: folder, 3 x 64 x 64, classes not known" in models(
        "dcgan", "--dataset", "folder"
    )
    conditional = ("cgan", "--dataset", "folder", "--json")
    with pytest.raises(
        GanpipeError, match=r"no labels; .*; here, --classes N counts for N of them"
    ):
        models(*conditional)
    three, four = (json.loads(models(*conditional, "--classes", n)) for n in "34")
    assert (three["classes"], four["classes"]) == (3, 4)
    per_class = 4 * 4 * 32 * 8  # of the first layer, 4 x 4 pixels of 8 widths at a side of 64
    numbers = [found["players"]["generator"]["parameters"] for found in (three, four)]
    assert numbers[1] - numbers[0] == per_class


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dcgna"], "there is no model 'dcgna'; did you mean 'dcgan'?"),
        (["--paper", "-S", "dataset=folder"], "-S, --paper without the name of a block"),
        (["--classes", "3"], "--classes without the name of a block"),
        (["dcgan", "-S", "generator.wdith=64"], r"models.dcgan.generator.wdith: .* mean 'width'\?"),
        (["dcgan", "-S", "generator.width=wide"], "generator.width: must be a valid integer, not"),
        (["dcgan", "-S", "generator.width="], "generator.width: must be a valid integer, not null"),
        (["dcgan", "-S", "latent_dim.x=64"], "models.dcgan.latent_dim is 100, which has no fields"),
        (["dcgan", "-S", "width=64"], "models.dcgan.width: there is no such field"),
        (["dcgan", "-S", "datasets.mnist.image_size=31"], "datasets.mnist.image_size: 31 pixels"),
        (["dcgan", "-S", "dataset=mnits"], "dataset: must be one of .*; did you mean 'mnist'?"),
        (["dcgan", "-S", "discriminator.spectral_norm=true"], "undoes the scale"),
        (["dcgan", "--dataset", "mnist", "-S", "dataset=cifar10"], "name the same"),
        (["dcgan", "--classes", "3"], "of the dataset 'folder'; mnist has 10"),
        (["dcgan", "--classes", "1", "--dataset", "folder"], "--classes must be at least 2"),
        (["dcgan", "-S", "models.cgan.latent_dim=9"], "models.cgan.latent_dim is no field of dc"),
        (["mlp", "--paper"], "no published size of 'mlp' is known; --paper is for dcgan, wgan"),
    ],
)
def test_what_is_refused(models: Any, words: list[str], says: str) -> None:
    with pytest.raises(GanpipeError, match=says):
        models(*words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dcgan", "-S", "width"], "must be FIELD=VALUE, not 'width'"),
        (["dcgan", "-S", "=3"], "must be FIELD=VALUE, not '=3'"),
        (["dcgan", "-S", "generator.hidden=[1,"], "the value of generator.hidden is no YAML: [1,"),
        (["dcgan", "--dataset", "mnits"], "invalid choice: 'mnits'"),
    ],
)
def test_a_wrong_command_line(
    models: Any, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        models(*words)
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


def test_wrong_parameters_are_told_first(here: Path, models: Any) -> None:
    (here / "params.yaml").write_text(TEXT.replace("epochs: 5  #", "epocs: 5  #"))
    with pytest.raises(GanpipeError, match="did you mean 'epochs'"):
        models()
    (here / "params.yaml").unlink()
    with pytest.raises(GanpipeError, match=r"there is no params.yaml here"):
        models("dcgan")


def test_the_list_needs_no_torch() -> None:
    program = (
        "import sys\nfrom ganpipe.cli.main import main\nmain(['models'])\n"
        "assert 'torch' not in sys.modules"
    )
    assert run_python("-c", program, cwd=ROOT).returncode == 0
