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
from ganpipe.params import load_params

COUNTS = {  # parameters of generator and discriminator
    # Kernels of 4 x 4, channels 1024, 512, 256, 128 and 3, batch norms.
    "dcgan": (12_658_432, 11_036_160),
    "wgan": (3_576_704, 2_765_568),  # of the authors' program, printed by many tutorials
    "stylegan2": (525_312 + 19_422_227, 20_720_641),
    "stylegan2_ada": (525_312 + 19_422_227, 20_720_641),
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
    players = found["players"]
    counts = tuple(players[name]["parameters"] for name in ("generator", "discriminator"))
    assert counts == COUNTS[block]
    assert found["changes"] == dict(PUBLISHED[block].changes)
    assert PUBLISHED[block].source


@pytest.mark.parametrize("block", PUBLISHED)
def test_the_line_that_trains_sets_the_same(
    block: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where DVC adds a field, or changes a part of a list or block, it could differ."""
    command("models", [block, "--paper"])
    line = shlex.split(capsys.readouterr().out.partition("train it: ")[2])
    assert line[:4] == ["dvc", "exp", "run", "-S"]
    path = Path(shutil.copy(ROOT / "params.yaml", tmp_path))
    apply_overrides(path, [word for word in line[4:] if word != "-S"])
    assert load_params(path) == changed(block, PUBLISHED[block].changes)
