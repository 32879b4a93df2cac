"""Mistakes in the content of a parameter file, in words.

pydantic finds the mistakes; its messages speak of Python's types and name one place in several
ways, so they are worded anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, is_dataclass
from itertools import groupby
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from ganpipe.core.names import closest, nearest

LONGEST = 60  # characters of a wrong value that a message quotes
WANTED = {  # pydantic's types of mistakes: what would be right
    "list_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a block of fields",
    "dataclass_type": "a block of fields",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a string",
}
ITEMS = {"float": "numbers", "int": "integers", "str": "names"}


def sentences(kind: type[BaseModel], content: Any, errors: Sequence[Any]) -> list[str]:
    """A sentence for each of pydantic's ``errors`` about ``content``, read as a ``kind``.

    Each starts with the dotted path of what is wrong.
    """
    mistakes = [_Mistake.of(kind, content, detail) for detail in errors]
    return list(dict.fromkeys(_sentences(mistakes)))


@dataclass(frozen=True, kw_only=True)
class _Mistake:
    """One of pydantic's findings, and where in the content it is."""

    detail: Any
    names: tuple[str, ...]  # of the wrong value, without the tags pydantic adds for unions
    valid: tuple[str, ...]  # fields of the block that holds it
    blocks: tuple[Any, ...]  # the types that hold each of `names`
    holder: Any  # content of the list or block that holds it
    holder_type: Any
    value_type: Any
    union: int | None  # how many of `names` lead to the innermost union on the way

    @classmethod
    def of(cls, kind: type[BaseModel], content: Any, detail: Any) -> _Mistake:
        """Follow the location of a finding down into the content and its types."""
        names: list[str] = []
        valid: tuple[str, ...] = ()
        blocks: list[Any] = []
        holder, holder_type, hint, union = None, None, kind, None
        for part in detail["loc"]:
            if len(members := _members(hint)) > 1:  # the part is pydantic's name of a member
                hint, union = _member(members, part, content), len(names)
                continue
            holder, holder_type = content, members[0]
            valid = tuple(_fields(holder_type)) or valid
            names.append(str(part))
            blocks.append(holder_type)
            hint = _inner_type(holder_type, part)
            content = _inner(content, part)
        return cls(
            detail=detail,
            names=tuple(names),
            valid=valid,
            blocks=tuple(blocks),
            holder=holder,
            holder_type=holder_type,
            value_type=hint,
            union=union,
        )

    @property
    def path(self) -> str:
        return ".".join(self.names) or "the file"

    @property
    def of_kind(self) -> bool:
        """Whether the value, and not something in it, is of another kind than wanted."""
        return self.detail["type"].endswith(("_type", "_parsing")) or self.is_choice

    @property
    def is_choice(self) -> bool:
        """Whether the value is none of a few choices."""
        return bool(self.detail["type"] == "literal_error")

    @property
    def given(self) -> str:
        text = json.dumps(self.detail["input"], default=str)
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _sentences(mistakes: list[_Mistake]) -> Iterator[str]:
    """Every mistake in words; of the members of a union only what fits the value."""
    for union, together in groupby(mistakes, key=lambda m: (m.union, m.names[: m.union or 0])):
        group = list(together)
        if union[0] is not None:
            inner = [m for m in group if len(m.names) > union[0] or not m.of_kind]
            if not inner:
                wanted = " or ".join(dict.fromkeys(_wanted(m) for m in group))
                yield f"{group[0].path}: must be {wanted}, not {group[0].given}{_hint(group)}"
            group = inner
        yield from map(_sentence, group)


def _sentence(mistake: _Mistake) -> str:
    """One mistake in words: the dotted path, what is wrong, what would be right."""
    detail, path = mistake.detail, mistake.path
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":  # the latter of dataclasses
            return f"{path}: there is no such field; {_right_field(mistake)}"
        case "missing" if _is_tuple(mistake.holder_type):
            path, given = ".".join(mistake.names[:-1]), json.dumps(mistake.holder)
            return f"{path}: must be {_items(mistake.holder_type)}, not {given}"
        case "too_long" if _is_tuple(mistake.value_type):
            return f"{path}: must be {_items(mistake.value_type)}, not {mistake.given}"
        case "missing":
            return f"{path}: is missing"
        case "too_short" | "string_too_short" if context["min_length"] == 1:
            return f"{path}: must not be empty"
        case "too_short" | "too_long" | "string_too_short" | "string_too_long":
            unit = "characters" if isinstance(detail["input"], str) else "items"
            least, most = context.get("min_length"), context.get("max_length")
            bound = f"at least {least}" if least is not None else f"at most {most}"
            return f"{path}: must hold {bound} {unit}, not {mistake.given}"
        case "union_tag_invalid" | "union_tag_not_found":
            return _wrong_tag(mistake)
        case "value_error":
            error = str(context["error"])
            return f"{path}: {error}" if detail["loc"] else error  # the whole file names its own
        case _ if detail["type"] in WANTED or "should be" in detail["msg"]:
            return f"{path}: must be {_wanted(mistake)}, not {mistake.given}{_hint([mistake])}"
        case _:
            return f"{path}: {detail['msg']}, not {mistake.given}"


def _wanted(mistake: _Mistake) -> str:
    """The values that would be right, in words that follow "must be"."""
    detail = mistake.detail
    if mistake.is_choice:
        several = len(get_args(_members(mistake.value_type)[0])) > 1
        expected: str = detail["ctx"]["expected"]
        return f"one of {expected}" if several else expected
    if detail["type"] == "tuple_type":
        return _items(mistake.value_type)
    if detail["type"] == "dict_type" and any(map(_model, _members(mistake.value_type))):
        return WANTED["model_type"]
    if mistake.union is not None and (model := _model(mistake.value_type)):
        needed = [name for name, field in model.model_fields.items() if field.is_required()]
        return f"a block with {' and '.join(needed)}"
    message: str = detail["msg"].replace("Input should be ", "")
    return WANTED.get(detail["type"], message)


def _hint(mistakes: list[_Mistake]) -> str:
    """``; did you mean 'x'?`` for a choice that is close, ``; write [x]`` for a lone item."""
    value = mistakes[0].detail["input"]
    expected = [mistake.detail["ctx"]["expected"] for mistake in mistakes if mistake.is_choice]
    choices = re.findall(r"'([^']*)'", " ".join(expected))
    if isinstance(value, str) and (close := closest(value, choices)):
        return f"; did you mean '{close}'?"
    for mistake in mistakes:
        if mistake.detail["type"] == "list_type":
            return _list_hint(value, get_args(_members(mistake.value_type)[0]))
    return ""


def _list_hint(value: Any, items: tuple[Any, ...]) -> str:
    """``; write [x]`` where a lone ``x``, or a choice close to it, may be an item of the list."""
    choices = [each for item in items for each in get_args(item) if isinstance(each, str)]
    if choices and isinstance(value, str) and (close := closest(value, choices)):
        return f"; write [{close}]"
    if choices:
        return f"; its items may be {', '.join(choices)}"
    lone = isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    return f"; write [{value}]" if lone else ""


def _is_tuple(hint: Any) -> bool:
    return get_origin(_members(hint)[0]) is tuple


def _items(hint: Any) -> str:
    """``a list of 2 numbers``, for the type of a tuple."""
    items = get_args(_members(hint)[0])
    word = ITEMS.get(getattr(_members(items[0])[0], "__name__", ""), "values")
    return f"a list of {word}" if ... in items else f"a list of {len(items)} {word}"


def _right_field(mistake: _Mistake) -> str:
    """The field that was probably meant: a near one of this block, or one of another block."""
    *outer, name = mistake.names
    if closest(name, mistake.valid) is None:
        for depth in reversed(range(len(mistake.blocks))):
            for field, hint in _fields(mistake.blocks[depth]).items():
                guess = [*outer[:depth], field, name]  # of a union, another member may have it
                if guess != [*outer, name] and any(name in _fields(m) for m in _members(hint)):
                    return f"did you mean '{'.'.join(guess)}'?"
    return nearest(name, mistake.valid, "fields")


def _fields(block: Any) -> dict[str, Any]:
    """The fields of a configuration class or a dataclass, with their types; none of others."""
    if model := _model(block):
        return {name: field.annotation for name, field in model.model_fields.items()}
    return get_type_hints(block) if is_dataclass(block) and isinstance(block, type) else {}


def _wrong_tag(mistake: _Mistake) -> str:
    """A sentence on the field that says what a block is (``arch``): missing, or no valid name."""
    context = mistake.detail["ctx"]
    if not isinstance(mistake.detail["input"], dict):
        return f"{mistake.path}: must be {WANTED['model_type']}, not {mistake.given}"
    name = context["discriminator"].strip("'()")  # of a function its name
    models = [model for member in _members(mistake.value_type) if (model := _model(member))]
    tags = [str(tag) for model in models for tag in get_args(model.model_fields[name].annotation)]
    path = ".".join([*mistake.names, name])
    choices = " or ".join(f"'{tag}'" for tag in tags)
    if "tag" not in context:
        return f"{path}: is missing; it must be one of {choices}"
    close = closest(context["tag"], tags)
    guess = f"; did you mean '{close}'?" if close else ""
    return f"{path}: must be one of {choices}, not '{context['tag']}'{guess}"


def _members(hint: Any) -> list[Any]:
    """The types of a union but for None; of any other type itself. Annotations are taken off."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) not in (Union, UnionType):
        return [hint]
    return [m for each in get_args(hint) if each is not type(None) for m in _members(each)]


def _member(members: list[Any], tag: Any, content: Any) -> Any:
    """The member of a union that pydantic calls ``tag``, as well as that can be told.

    A class with a validator of its own is called ``function-after[validator(), Class]``.
    """
    words = re.findall(r"\w+", str(tag))
    for member in members:
        fields = _fields(member)
        tags = [get_args(each) for each in fields.values() if get_origin(each) is Literal]
        if fields and ((tag,) in tags or member.__name__ in words):
            return member
    literal = str(tag).startswith("literal")
    for member in members:
        if literal == (get_origin(member) is Literal) and not _model(member):
            return member
    return None


def _model(hint: Any) -> type[BaseModel] | None:
    return hint if isinstance(hint, type) and issubclass(hint, BaseModel) else None


def _inner_type(hint: Any, part: Any) -> Any:
    """The type of what lies under a field, a name or an index."""
    if fields := _fields(hint):
        return fields.get(str(part))
    arguments = [each for each in get_args(hint) if each is not ...]
    return arguments[-1] if arguments else None


def _inner(content: Any, part: Any) -> Any:
    """The content under a name or an index; None where there is none."""
    try:
        return content[part]
    except (KeyError, IndexError, TypeError):
        return None
