"""The inputs of a file as its metadata describe them, where ganpipe has written them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ganpipe.core.schema import NonNegativeInt, PositiveInt
from ganpipe.sampling.sampler import Input, Label, Noise, Truncation

INPUT_TYPES = {"float32": "tensor(float)", "int64": "tensor(int64)"}  # as onnxruntime names them


class _About(BaseModel):
    """Fields of an input in :func:`ganpipe.export.onnx.about_sampler`; others may be there."""

    model_config = ConfigDict(strict=True, frozen=True)
    shape: list[PositiveInt]


class _Noise(_About):
    kind: Literal["noise"]
    dtype: Literal["float32"]
    distribution: Literal["normal", "uniform"]


class _Label(_About):
    kind: Literal["label"]
    dtype: Literal["int64"]
    counts: list[NonNegativeInt]


class _Truncation(_About):
    kind: Literal["truncation"]
    dtype: Literal["float32"]


class _Picture(_About):
    kind: Literal["picture"]
    dtype: Literal["float32"]


_Kind = _Noise | _Label | _Truncation | _Picture
INPUTS = TypeAdapter(dict[str, Annotated[_Kind, Field(discriminator="kind")]])
CLASSES = TypeAdapter(list[str])


def described(metadata: Mapping[str, str], taken: Sequence[Any]) -> dict[str, Input | None] | None:
    """The inputs by name that ``metadata`` describe, None for pictures; None unless they are
    metadata of this project that fit what a session ``taken`` says."""
    try:
        inputs = INPUTS.validate_json(metadata.get("inputs", ""))
        classes = CLASSES.validate_json(metadata.get("classes", "[]"))
    except ValidationError:
        return None
    theirs = {each.name: (each.type, list(each.shape[1:])) for each in taken}
    ours = {name: (INPUT_TYPES[each.dtype], each.shape) for name, each in inputs.items()}
    labels = [each for each in inputs.values() if isinstance(each, _Label)]
    if ours != theirs or not ours or not all(_fits(each, classes) for each in labels):
        return None
    return {name: _input(each, classes) for name, each in inputs.items()}


def _fits(label: _Label, classes: Sequence[str]) -> bool:
    """Whether classes can be drawn by their counts, which may be left out."""
    counted = len(label.counts) == len(classes) and sum(label.counts) > 0
    return bool(classes) and (counted or not label.counts)


def _input(about: _Kind, classes: Sequence[str]) -> Input | None:
    match about:
        case _Noise():
            return Noise(tuple(about.shape), about.distribution)
        case _Label():
            return Label(tuple(classes), tuple(about.counts))
        case _Truncation():
            return Truncation()
        case _:
            return None
