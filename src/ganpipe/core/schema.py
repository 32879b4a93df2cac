"""Strict configuration classes, and what is said when a parameter file does not fit them.

Nothing here or in the ``config.py`` modules imports torch: a wrong parameter is reported at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ganpipe.core.errors import GanpipeError
from ganpipe.core.mistakes import sentences
from ganpipe.core.names import nearest as nearest  # for the config modules

PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, lt=1)]


class Strict(BaseModel):
    """Base of all configuration: no unknown field, no silent conversion, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


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
