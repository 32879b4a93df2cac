"""Strict configuration classes, and what is said when a parameter file does not fit them.

Nothing here or in the ``config.py`` modules imports torch: a wrong parameter is reported at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ganpipe.core.errors import GanpipeError
from ganpipe.core.mistakes import sentences
from ganpipe.core.names import nearest as nearest  # for the config modules

PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    """Base of all configuration: no unknown field, no silent conversion, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def refuse(reasons: Mapping[str, bool]) -> None:
    """Raise ValueError with all reasons that apply."""
    if found := [reason for reason, applies in reasons.items() if applies]:
        raise ValueError("; ".join(found))


class Schedule(Strict):
    """A number that moves from one value to another over a part of a run.

    It is ``start`` before the share ``begin`` of the run and ``end`` from the share ``until`` on;
    where the two shares are the same, it jumps. Subclasses bound both values.
    """

    start: float
    end: float
    shape: Literal["linear", "cosine"] = "linear"  # cosine: half a period, flat at both ends
    begin: Annotated[float, Field(ge=0, lt=1)] = 0.0
    until: Annotated[float, Field(gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.begin > self.until:
            raise ValueError(
                f"begin {self.begin:g} is after until {self.until:g}; a schedule moves from the "
                "share begin of the run to the share until"
            )
        if self.start == self.end:
            raise ValueError(
                f"start and end are both {self.start:g}; write that number in place of the schedule"
            )
        return self


class NonNegativeSchedule(Schedule):
    """A schedule whose values are at least 0."""

    start: NonNegativeFloat
    end: NonNegativeFloat


class ProbabilitySchedule(Schedule):
    """A schedule whose values are in [0, 1)."""

    start: Probability
    end: Probability


class ShareSchedule(Schedule):
    """A schedule whose values are in [0, 1]."""

    start: Share
    end: Share


# Fields that take a number or a schedule. A positive one may be scheduled from 0 or to 0, but is
# never 0 all the time.
ScheduledPositive = PositiveFloat | NonNegativeSchedule
ScheduledNonNegative = NonNegativeFloat | NonNegativeSchedule
ScheduledProbability = Probability | ProbabilitySchedule
ScheduledShare = Share | ShareSchedule

Config = TypeVar("Config", bound=BaseModel)


def validate(kind: type[Config], content: Any, where: str, *, also: Sequence[str] = ()) -> Config:
    """Turn plain YAML or JSON content into a ``kind``.

    An int is taken for a float; nothing else is converted. Raises GanpipeError with every mistake
    in one message, a line each, those of ``also`` (found by the caller) at the end; ``where``
    names the source of the content.
    """
    lines: list[str] = []
    try:
        config = kind.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        lines = sentences(kind, content, error.errors())
    lines += also
    if lines:
        count = "a mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
        raise GanpipeError("\n  ".join([f"{where} has {count}:", *lines]))
    return config
