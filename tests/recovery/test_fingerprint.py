"""Which checkpoints serve a run: those of the same configuration, data and code."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.support import SHIPPED, small_model

from ganpipe.recovery.fingerprint import fingerprint, parts_of, remember, why_afresh
from ganpipe.runtime.environment import differences

MODULE = "ganpipe.recovery.fingerprint"


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


def code() -> object:
    """What the fingerprint says of the code."""
    return parts_of(
        "toy_mlp",
        model=small_model("toy_mlp"),
        optimizers={},
        config=SHIPPED.train,
        seed=0,
        prepared=Path("data/prepared"),
        device=torch.device("cpu"),
    )["code"]


def test_the_fingerprint_holds_what_the_stage_is_held_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list that `check` wrote, or outside of a stage all the code there is."""
    outside = code()
    assert code() == outside
    found = []
    for listed in ({"a.py": "1"}, {"a.py": "2"}, {"a.py": "1", "b.py": "1"}, {"a.py": "1"}):
        monkeypatch.setattr(f"{MODULE}.in_force", lambda listed=listed: listed)
        found.append(code())
    assert len({outside, *found}) == 4
    assert found[0] == found[3]


def test_outside_of_a_stage_any_edit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ganpipe").mkdir()
    file = tmp_path / "ganpipe" / "loop.py"
    monkeypatch.setattr(f"{MODULE}.SOURCE", tmp_path)
    found = set()
    for text in ("a = 1\n", "a = 2\n"):
        file.write_text(text)
        found.add(code())
    assert len(found) == 2
