"""A translator that is killed while its pools fill ends in the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.victim import RESULTS, TRAIN, Victim, sizes_of_difference, wait_until

POOL = 300  # images of each side: 16 a step, so that they see their first images again at step 19
STEPS = 40  # two in each epoch
FIELDS = {
    "model": "cyclegan",
    "models__cyclegan__image_pool": POOL,
    "train__epochs": STEPS // 2,
    "train__snapshot_every": STEPS // 4,
}


@pytest.fixture(scope="module")
def begun(prepared: Victim, tmp_path_factory: pytest.TempPathFactory) -> Victim:
    """Pictures to translate from, and nothing trained."""
    victim = prepared.copy(tmp_path_factory.mktemp("translator"))
    victim.set(**FIELDS)
    for stage in ("check", "source"):
        victim.run("python", "-m", f"stages.{stage}")
    return victim


@pytest.mark.fault("kill -9 of a translator's training")
def test_a_translator_with_pools_half_full_is_killed(
    begun: Victim, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    killed = begun.copy(tmp_path)
    try:
        process = killed.begin(*TRAIN)
        wait_until(lambda: killed.checkpoints)
        process.kill()
        process.wait()
    finally:
        killed.end()
    content = torch.load(killed.checkpoints[-1], weights_only=True)
    pools = [int(content["state"]["method"][f"pools.{side}.count"]) for side in "ab"]
    assert 0 < pools[0] == pools[1] < POOL
    assert "going on after step" in killed.run(*TRAIN)
    begun.run(*TRAIN)
    lost = sizes_of_difference(begun, killed)
    record_property("bytes_lost", sum(lost.values()))
    assert not lost
    for name in (RESULTS[0], "models/generator_b_to_a.safetensors"):
        assert (killed.root / name).is_file()
    assert killed.json("metrics/train.json")["step"] == STEPS
