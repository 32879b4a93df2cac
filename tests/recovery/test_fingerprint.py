"""Which checkpoints serve a run: those of the same configuration, data and code."""

from __future__ import annotations

from pathlib import Path

from helpers.support import ROOT
from ruamel.yaml import YAML

from ganpipe.recovery.fingerprint import CODE, fingerprint, remember, why_afresh
from ganpipe.runtime.environment import differences


def test_the_fingerprint_sees_every_part_and_the_log_names_it(tmp_path: Path) -> None:
    then = {"name": "dcgan", "train": {"epochs": 3, "log_every": 50}, "versions": {"torch": "1"}}
    now = {"name": "dcgan", "train": {"epochs": 9, "log_every": 50}, "versions": {"torch": "2"}}
    assert fingerprint(then) != fingerprint(now)
    assert fingerprint(then) == fingerprint(dict(reversed(then.items())))
    assert differences(then, now) == ["train.epochs (3, now 9)", "versions.torch (1, now 2)"]
    folders = tmp_path / "checkpoints"
    folder = folders / fingerprint(then)
    remember(folder, then)
    assert why_afresh(folders, now) == ""  # no checkpoint was written yet
    (folder / "step_000000001_00.pt").touch()
    assert "of another train.epochs (3, now 9) and versions.torch" in why_afresh(folders, now)
    assert why_afresh(folders, {**now, "name": "mlp"}) == ""


def test_the_fingerprint_covers_the_code_that_training_depends_on() -> None:
    deps = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]["train"]["deps"]
    code = {dep.removeprefix("src/ganpipe/") for dep in deps if dep.startswith("src/")}
    assert set(CODE) == code - {"params.py"}  # only hands over what the fingerprint holds
