"""The published sizes: their fields exist, and they give the published counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers.support import ROOT, SHIPPED, command

from ganpipe.cli.published import PUBLISHED

COUNTS = {  # parameters of generator and discriminator
    # Kernels of 4 x 4, channels 1024, 512, 256, 128 and 3, batch norms.
    "dcgan": (12_658_432, 11_036_160),
    "wgan": (3_576_704, 2_765_568),  # of the authors' program, printed by many tutorials
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
