"""Schedules: the values on the way, and what is said of one that makes no sense."""

from __future__ import annotations

from typing import Any

import pytest

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import (
    Schedule,
    ScheduledPositive,
    ScheduledProbability,
    ScheduledShare,
    Strict,
    validate,
)
from ganpipe.optim.schedule import value_at


def test_a_number_is_the_same_all_the_time() -> None:
    assert [value_at(0.3, progress) for progress in (0.0, 0.5, 1.0)] == [0.3] * 3


@pytest.mark.parametrize(
    ("fields", "values"),
    [  # at shares 0, 1/4, 1/2, 3/4 and 1 of the run
        ({}, [8, 6, 4, 2, 0]),
        ({"begin": 0.5}, [8, 8, 8, 4, 0]),
        ({"until": 0.5}, [8, 4, 0, 0, 0]),
        ({"begin": 0.25, "until": 0.75}, [8, 8, 4, 0, 0]),
        ({"begin": 0.5, "until": 0.5}, [8, 8, 0, 0, 0]),
        ({"shape": "cosine"}, [8, 4 + 8**0.5, 4, 4 - 8**0.5, 0]),
        ({"shape": "cosine", "begin": 0.5}, [8, 8, 8, 4, 0]),
    ],
)
def test_a_schedule_moves_between_its_shares(fields: dict[str, Any], values: list[float]) -> None:
    shares = [0.0, 0.25, 0.5, 0.75, 1.0]
    down, up = Schedule(start=8, end=0, **fields), Schedule(start=-8, end=0, **fields)
    assert [value_at(down, share) for share in shares] == pytest.approx(values, abs=1e-12)
    assert [value_at(up, share) for share in shares] == pytest.approx([-v for v in values])


class Fields(Strict):
    lr: ScheduledPositive = 1.0
    decay: ScheduledProbability | None = None
    chance: ScheduledShare = 0.0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"lr": "abc"}, 'lr: must be a valid number or a block with start and end, not "abc"'),
        ({"lr": True}, "lr: must be a valid number or a block with start and end, not true"),
        ({"decay": []}, "decay: must be a valid number or a block with start and end, not []"),
        ({"lr": 0}, "lr: must be greater than 0, not 0"),
        ({"lr": {"start": 1}}, "lr.end: is missing"),
        ({"lr": {"start": -1, "end": 0}}, "lr.start: must be greater than or equal to 0, not -1"),
        ({"lr": {"start": "x", "end": 0}}, 'lr.start: must be a valid number, not "x"'),
        (
            {"lr": {"start": 1, "end": 0, "untill": 1}},
            "lr.untill: there is no such field; did you mean 'until'?",
        ),
        (
            {"lr": {"start": 1, "end": 0, "shape": "cosin"}},
            "lr.shape: must be one of 'linear' or 'cosine', not \"cosin\"; did you mean 'cosine'?",
        ),
        (
            {"lr": {"start": 1, "end": 0, "begin": 0.5, "until": 0.4}},
            "lr: begin 0.5 is after until 0.4; a schedule moves from",
        ),
        ({"lr": {"start": 1, "end": 0, "begin": 1}}, "lr.begin: must be less than 1, not 1"),
        ({"lr": {"start": 1, "end": 1}}, "lr: start and end are both 1; write that number"),
        ({"decay": {"start": 0, "end": 1}}, "decay.end: must be less than 1, not 1"),
        ({"decay": 1.5}, "decay: must be less than 1, not 1.5"),
        ({"chance": {"start": 0, "end": 1.5}}, "chance.end: must be less than or equal to 1"),
    ],
)
def test_a_mistake_in_a_schedule_is_one_sentence(content: dict[str, Any], says: str) -> None:
    with pytest.raises(GanpipeError) as caught:
        validate(Fields, content, "x")
    assert f"x has a mistake:\n  {says}" in str(caught.value)


def test_a_schedule_may_reach_the_ends_of_its_range() -> None:
    content = {"lr": {"start": 0, "end": 1}, "decay": {"start": 0.9, "end": 0}, "chance": 1}
    fields = validate(Fields, content, "x")
    assert value_at(fields.lr, 0.5) == 0.5
    assert fields.chance == 1
    assert validate(Fields, fields.model_dump(mode="json"), "x") == fields
