"""Fields of an adaptive augmentation that make no sense."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.support import SHIPPED

from ganpipe.core.errors import GanpipeError
from ganpipe.core.plugins import names
from ganpipe.core.schema import validate
from ganpipe.objectives.augmentations.config import AdaConfig, AugmentationConfig, Transforms
from ganpipe.objectives.config import ObjectiveConfig
from stages.check import chosen

NONE = dict.fromkeys(Transforms.model_fields, 0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"transforms": NONE}, "all transforms are 0"),
        ({"probability": 0.3, "every": 8, "target": 0.5}, "target and every: for an adaptive"),
        ({"probability": 1.5}, "probability: must be"),
        ({"transforms": {"flips": 1}}, "did you mean 'flip'"),
        ({"transforms": {"hue": 2}}, "transforms.hue: must be"),
        ({"every": 0}, "every: must be"),
    ],
)
def test_wrong_fields_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(GanpipeError, match=words):
        validate(AdaConfig, {"kind": "ada", **fields}, "the block")


def test_an_objective_holds_one() -> None:
    block = {
        "loss": "relativistic",
        "augmentation": {
            "kind": "ada",
            "transforms": {"hue": 0.5, "cutout": 1},
            "probability": {"start": 0, "end": 0.55, "shape": "cosine"},
        },
    }
    config = validate(ObjectiveConfig, block, "the block").augmentation
    assert config is not None
    assert (config.transforms.hue, config.transforms.cutout, config.transforms.flip) == (0.5, 1, 1)
    assert ObjectiveConfig(loss="hinge").augmentation is None


def test_the_default_is_the_published_pipe() -> None:
    shares = Transforms().model_dump()
    assert shares.pop("cutout") == 0
    assert len(shares) == 12
    assert set(shares.values()) == {1}


def test_only_a_chosen_kind_is_code_of_training() -> None:
    model = SHIPPED.chosen_model
    block = AdaConfig(kind="ada")
    objective = model.objective.model_copy(update={"augmentation": block})
    models = {SHIPPED.model: model.model_copy(update={"objective": objective})}
    with_ada = chosen(SHIPPED.model_copy(update={"models": models}))["ganpipe.objectives.build"]
    plain = chosen(SHIPPED)["ganpipe.objectives.build"]
    assert {*with_ada} - {*plain} == {"ganpipe.objectives.augmentations.ada"}


def test_kinds_are_files() -> None:
    files = set(names("ganpipe.objectives.augmentations")) - {"config"}
    assert {AugmentationConfig.model_fields["kind"].annotation.__args__[0]} == files
