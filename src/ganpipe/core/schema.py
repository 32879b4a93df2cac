"""Strict configuration classes, and what is said when a parameter file does not fit them.

Nothing here or in the ``config.py`` modules imports torch: a wrong parameter is reported at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ganpipe.core.errors import GanpipeError

PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, lt=1)]


class Strict(BaseModel):
    """Base of all configuration: no unknown field, no silent conversion, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Config = TypeVar("Config", bound=BaseModel)


def validate(kind: type[Config], content: Any, where: str, also: Sequence[str] = ()) -> Config:
    """Turn plain YAML or JSON content into a ``kind``.

    An int is taken for a float; nothing else is converted. Raises GanpipeError with every mistake
    in one message, a line each, those of ``also`` (found by the caller) at the end; ``where``
    names the source of the content.
    """
    lines: list[str] = []
    try:
        config = kind.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        lines = [_sentence(kind, content, detail) for detail in error.errors()]
    lines += also
    if lines:
        count = "a mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
        raise GanpipeError("\n  ".join([f"{where} has {count}:", *lines]))
    return config


def _sentence(kind: type[BaseModel], content: Any, detail: Any) -> str:
    """One mistake in words: the dotted path, what is wrong, what would be right."""
    path, valid = _locate(kind, content, detail["loc"])
    given = f", not {json.dumps(detail['input'], default=str)}"
    match detail["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":  # the latter of dataclasses
            guess = nearest(str(detail["loc"][-1]), valid, "fields")
            return f"{path}: there is no such field; {guess}"
        case "missing":
            return f"{path}: is missing"
        case "literal_error" | "union_tag_invalid" | "union_tag_not_found":
            choices = detail["ctx"].get("expected") or detail["ctx"].get("expected_tags")
            if detail["type"] != "literal_error":
                path = f"{path}.{detail['ctx']['discriminator'].strip(chr(39))}"
                given = f", not '{detail['ctx']['tag']}'" if "tag" in detail["ctx"] else ""
            return f"{path}: must be one of {choices}{given}"
        case "value_error":
            error = str(detail["ctx"]["error"])
            return f"{path}: {error}" if detail["loc"] else error  # the whole file names its own
        case _:
            wanted = detail["msg"].replace("Input should be", "must be")
            return f"{path}: {wanted}{given}"


def nearest(name: str, valid: list[str], what: str) -> str:
    """``did you mean 'x'?`` where a valid name is close, otherwise all of them."""
    close = get_close_matches(name, valid, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"the {what} are {', '.join(valid)}"


def _locate(kind: type[BaseModel], content: Any, loc: tuple[Any, ...]) -> tuple[str, list[str]]:
    """The dotted path of a mistake, without the tags pydantic adds for unions, and the field
    names that are valid in the object that holds it."""
    names: list[str] = []
    valid: list[str] = []
    hint: Any = kind
    for position, part in enumerate(loc):
        model = _model(hint, content)
        if model is not None:
            valid = list(model.model_fields)
        elif is_dataclass(hint):
            valid = [field.name for field in fields(hint)]
        last = position == len(loc) - 1
        known = isinstance(content, dict) and part in content
        in_list = isinstance(content, list) and isinstance(part, int) and part < len(content)
        if not (known or in_list or (last and isinstance(content, dict))):
            continue  # a union's tag
        names.append(str(part))
        if model is not None:
            field = model.model_fields.get(str(part))
            hint = field.annotation if field else None
        else:
            arguments = get_args(hint)
            hint = arguments[-1] if arguments else None
        content = content[part] if known or in_list else None
    return ".".join(names) or "the file", valid


def _model(hint: Any, content: Any) -> type[BaseModel] | None:
    """The configuration class that ``content`` is read as: of a union, the one whose tag fits."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    if get_origin(hint) is Annotated:
        return _model(get_args(hint)[0], content)
    if get_origin(hint) not in (Union, UnionType):
        return None
    models = [model for argument in get_args(hint) if (model := _model(argument, content))]
    for model in models:
        for name, field in model.model_fields.items():
            tags = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
            if len(tags) == 1 and isinstance(content, dict) and content.get(name) == tags[0]:
                return model
    return models[0] if models else None
