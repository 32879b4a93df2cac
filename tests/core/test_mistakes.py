"""Mistakes in blocks that params.yaml does not have: dataclasses, and unions of several kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from ganpipe.core.errors import GanpipeError
from ganpipe.core.names import closest, nearest
from ganpipe.core.schema import Strict, validate


@dataclass(frozen=True)
class Frame:
    __pydantic_config__ = {"extra": "forbid", "strict": True}  # noqa: RUF012

    width: int
    names: tuple[str, ...] = ()


class Near(Strict):
    kind: Literal["near"]
    mode: Literal["a", "far"] = "a"
    distance: float


class Far(Strict):
    kind: Literal["far"]
    height: float


class Whole(Strict):
    frame: Frame
    place: Annotated[Near | Far, Field(discriminator="kind")]
    size: int | list[int] | None = None
    pairs: list[tuple[int, int]] = []  # noqa: RUF012
    word: Annotated[str, Field(min_length=3, pattern="^[a-z]+$")] = "abc"


RIGHT: dict[str, Any] = {
    "frame": {"width": 3},
    "place": {"kind": "near", "distance": 1},
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"frame": {"widht": 3, "width": 3}}, "frame.widht: there is no such field; did you mean"),
        ({"frame": {}}, "frame.width: is missing"),
        ({"frame": 3}, "frame: must be a block of fields, not 3"),
        ({"frame": {"width": 3, "names": 3}}, "frame.names: must be a list of names, not 3"),
        ({"frame": {"width": 3, "names": ["a", 3]}}, "frame.names.1: must be a string, not 3"),
        ({"width": 3}, "width: there is no such field; did you mean 'frame.width'?"),
        (
            {"place": {"mode": "far", "kind": "near", "distanse": 1, "distance": 1}},
            "place.distanse: there is no such field; did you mean 'distance'?",
        ),
        ({"place": {"kind": "far", "height": "x"}}, "place.height: must be a valid number"),
        ({"size": "big"}, 'size: must be a valid integer or a list, not "big"'),
        ({"size": [1, "x"]}, 'size.1: must be a valid integer, not "x"'),
        ({"pairs": [[1, 2], [3]]}, "pairs.1: must be a list of 2 integers, not [3]"),
        ({"word": "ab"}, 'word: must hold at least 3 characters, not "ab"'),
        ({"word": "ABC"}, "word: String should match pattern '^[a-z]+$', not \"ABC\""),
    ],
)
def test_a_mistake_is_one_sentence(change: dict[str, Any], says: str) -> None:
    with pytest.raises(GanpipeError) as caught:
        validate(Whole, {**RIGHT, **change}, "x")
    assert says in str(caught.value)
    assert str(caught.value).startswith("x has a mistake:\n  ")


def test_what_is_right() -> None:
    assert validate(Whole, {**RIGHT, "size": [1], "pairs": [[1, 2]]}, "x").size == [1]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("dcgna", "dcgan"),
        ("DCGAN", "dcgan"),
        ("wgan-gp", "wgan_gp"),
        ("WGAN GP", "wgan_gp"),
        ("zzz", None),
        ("", None),
    ],
)
def test_the_closest_name(name: str, meant: str | None) -> None:
    assert closest(name, ["dcgan", "wgan_gp", "mlp"]) == meant


def test_the_nearest_name_in_words() -> None:
    assert nearest("CIFAR-10", ["CIFAR_10", "mnist"], "datasets") == "did you mean 'CIFAR_10'?"
    assert nearest("x", ["a", "b"], "models") == "the models are a, b"
