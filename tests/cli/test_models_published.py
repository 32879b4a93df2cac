"""The published sizes: their fields exist, and they give the published counts."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from helpers.support import ROOT, SHIPPED, command

from ganpipe.cli.blocks import changed
from ganpipe.cli.published import PUBLISHED
from ganpipe.params import Params, load_params

COUNTS = {  # parameters of generator and discriminator
    # Kernels of 4 x 4, channels 1024, 512, 256, 128 and 3, batch norms.
    "dcgan": (12_658_432, 11_036_160),
    "wgan": (3_576_704, 2_765_568),  # of the authors' program, printed by many tutorials
    "sngan": (4_276_739, 1_053_824),
    "cgan_projection": (4_304_387, 1_055_104),
    "wgan_gp_resnet": (1_204_483, 1_053_825),
    "acgan": (1_218_307, 1_055_115),
    "biggan": (4_304_387, 4_207_361),
    "stylegan2": (525_312 + 19_422_227, 20_720_641),
    "stylegan2_ada": (525_312 + 19_422_227, 20_720_641),
    # 128 channels throughout: 7 and 7 convolutions (one of 129 channels), dense layers, and four
    # layers from or to RGB.
    "progan": (
        7 * (9 * 128**2 + 128) + (128 * 2048 + 128) + 4 * (3 * 128 + 3),
        7 * (9 * 128**2 + 128) + 9 * 128 + (2048 * 128 + 128) + 129 + 4 * (3 * 128 + 128),
    ),
    "r3gan": (20_781_952, 21_280_512),
    "ddgan": (48_432_515, 12_741_633),
}


OTHERS = {  # more published counts, by changes of a block
    ("wgan_gp_resnet", "conditional"): (
        {"generator.conditioning": "batch_norm", "discriminator.conditioning": "projection"},
        (1_218_307, 1_053_825 + 10 * 128),
    ),
    ("progan", "channels up to 512"): (
        {
            "latent_dim": 512,
            "generator.channel_base": 16384,
            "generator.channel_max": 512,
            "discriminator.channel_base": 16384,
            "discriminator.channel_max": 512,
        },
        (20_719_628, 20_726_785),
    ),
    ("stylegan2", "conditional"): (
        {"generator.conditioning": "embedding", "discriminator.conditioning": "projection"},
        (793_088 + 19_422_227, 23_089_664),
    ),
    ("ddgan", "one layer less in the mapping"): (
        {"generator.mapping_layers": 4},
        (48_366_723, 12_741_633),
    ),
    ("r3gan", "unconditional"): (
        {"generator.conditioning": "none", "discriminator.conditioning": "none"},
        (20_732_160, 20_683_776),
    ),
}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_every_published_size_has_its_counts() -> None:
    assert COUNTS.keys() == PUBLISHED.keys()
    assert PUBLISHED.keys() <= SHIPPED.models.keys()


@pytest.mark.parametrize("block", PUBLISHED)
def test_the_published_counts(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    command("models", [block, "--paper", "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert counts(found) == COUNTS[block]
    assert found["changes"] == dict(PUBLISHED[block].changes)
    assert PUBLISHED[block].source


@pytest.mark.parametrize("case", OTHERS, ids=" ".join)
def test_more_published_counts(case: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    changes, wanted = OTHERS[case]
    words = [word for name, value in changes.items() for word in ("-S", f"{name}={value}")]
    command("models", [case[0], "--paper", "--json", *words])
    assert counts(json.loads(capsys.readouterr().out)) == wanted


def counts(found: dict[str, Any]) -> tuple[int, ...]:
    """The parameters of both players."""
    return tuple(found["players"][name]["parameters"] for name in ("generator", "discriminator"))


@pytest.mark.parametrize("block", PUBLISHED)
def test_the_line_that_trains_sets_the_same(
    block: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where DVC adds a field, or changes a part of a list or block, it could differ."""
    command("models", [block, "--paper"])
    text = capsys.readouterr().out
    assert trained_by(text, tmp_path) == changed(block, PUBLISHED[block].changes)


def trained_by(text: str, folder: Path) -> Params:
    """The parameters that the printed line sets."""
    line = shlex.split(text.partition("train it: ")[2])
    assert line[:4] == ["dvc", "exp", "run", "-S"]
    path = Path(shutil.copy(ROOT / "params.yaml", folder))
    apply_overrides(path, [word for word in line[3:] if word != "-S"])
    return load_params(path)


@pytest.mark.parametrize(
    ("block", "words", "changes"),
    [
        ("wgan", ["generator.width=16"], {"generator.width": 16}),
        ("wgan", ["models.wgan.generator.width=16"], {"generator.width": 16}),
        (
            "stylegan2",
            ["optimizer.lr={start: 0.1, end: 0}"],
            {"optimizer.lr": {"start": 0.1, "end": 0}},
        ),
        ("r3gan", ["optimizer.lr=0.1"], {"optimizer.lr": 0.1}),
        (
            "stylegan2_ada",
            ["objective.augmentation={target: 0.5, transforms: {hue: 0}}"],
            {"objective.augmentation.target": 0.5, "objective.augmentation.transforms.hue": 0},
        ),
    ],
)
def test_the_line_that_trains_has_the_changes(
    block: str,
    words: list[str],
    changes: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command("models", [block, "--paper", *(word for each in words for word in ("-S", each))])
    text = capsys.readouterr().out
    expected = changed(block, {**PUBLISHED[block].changes, **changes})
    assert trained_by(text, tmp_path) == expected
    if block == "wgan":
        assert text.count("generator.width=") == 2, "what was published is listed as well"


@pytest.mark.parametrize("words", [["--dataset", "cifar10"], ["-S", "dataset=cifar10"]])
def test_another_dataset_takes_no_fields_of_the_published_one(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("models", ["dcgan", "--paper", *words])
    text = capsys.readouterr().out
    assert "datasets." not in text
    params = trained_by(text, tmp_path)
    assert (params.dataset, params.model) == ("cifar10", "dcgan")
    assert params.datasets == SHIPPED.datasets
    command("models", ["dcgan", "--paper", "--dataset", "folder"])
    assert "changed: datasets.folder.image_size=64" in capsys.readouterr().out
