"""Fields of adaptive augmentations that make no sense."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from helpers.support import SHIPPED

from ganpipe.core.errors import GanpipeError
from ganpipe.core.plugins import names
from ganpipe.core.schema import validate
from ganpipe.objectives.augmentations.config import (
    AdaConfig,
    AugmentationConfig,
    DiffusionConfig,
    Transforms,
)
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


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"min_steps": 100, "max_steps": 10}, "min_steps is 100, above max_steps, 10"),
        ({"beta_start": 0.03}, "beta_start is 0.03, above beta_end, 0.02"),
        ({"min_steps": 1}, "min_steps: must be"),
        ({"noise": 0.0}, "noise: must be"),
        ({"distribution": "late"}, "distribution: must be"),
    ],
)
def test_wrong_chains_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(GanpipeError, match=words):
        validate(DiffusionConfig, {"kind": "diffusion", **fields}, "the block")


def test_a_kind_that_there_is_not_is_refused_by_name() -> None:
    block = {"loss": "hinge", "augmentation": {"kind": "difusion"}}
    with pytest.raises(GanpipeError, match=r"augmentation\.kind.*did you mean 'diffusion'"):
        validate(ObjectiveConfig, block, "the block")
    block = {"loss": "hinge", "augmentation": {"kind": "diffusion", "max_step": 10}}
    with pytest.raises(GanpipeError, match=r"augmentation\.max_step: .*did you mean 'max_steps'"):
        validate(ObjectiveConfig, block, "the block")


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
    assert isinstance(config, AdaConfig)
    assert (config.transforms.hue, config.transforms.cutout, config.transforms.flip) == (0.5, 1, 1)
    assert ObjectiveConfig(loss="hinge").augmentation is None


@pytest.mark.parametrize("loss", ["wasserstein", "relativistic", "least_squares"])
def test_a_strength_that_follows_a_sign_without_meaning_is_refused(loss: str) -> None:
    for kind, ways in (("ada", "set its probability, or take"), ("diffusion", "take")):
        says = (
            rf"augmentation '{kind}' follows the sign of D\(x\), by which loss '{loss}' does not .*"
            rf"generated ones; {ways} another loss \(hinge, minimax, non_saturating\)$"
        )
        with pytest.raises(GanpipeError, match=says):
            objective(loss, kind=kind)
    assert objective(loss, kind="ada", probability=0.5).augmentation is not None


@pytest.mark.parametrize("loss", ["hinge", "minimax", "non_saturating"])
def test_a_sign_with_a_meaning_is_followed(loss: str) -> None:
    for kind in ("ada", "diffusion"):
        assert objective(loss, kind=kind).augmentation is not None


def objective(loss: str, **augmentation: Any) -> ObjectiveConfig:
    return validate(ObjectiveConfig, {"loss": loss, "augmentation": augmentation}, "the block")


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
    kinds = get_args(get_args(AugmentationConfig)[0])
    assert {get_args(kind.model_fields["kind"].annotation)[0] for kind in kinds} == files
