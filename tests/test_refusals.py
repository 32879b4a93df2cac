"""Combinations that make no sense are refused by name before anything starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.project import edit_params
from helpers.support import ROOT

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.params import load_params

SHIPPED_TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")


def refusal(tmp_path: Path, **changes: Any) -> str:
    """What is said of the shipped file with changes, ``__`` for the dot, below `models`."""
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED_TEXT, encoding="utf-8")
    edit_params(path, {f"models.{k.replace('__', '.')}": v for k, v in changes.items()})
    with pytest.raises(GanpipeError) as caught:
        load_params(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"wgan_gp__discriminator__norm": "batch"},
            "models.wgan_gp: objective.penalties need the gradient of one image's logit, and the "
            "discriminator's batch norm",
        ),
        (
            {"dcgan__objective__penalties": {"r1": 1.0}},
            "models.dcgan: objective.penalties need the gradient of one image's logit",
        ),
        (
            {"dragan__discriminator__minibatch_discrimination": 5},
            "models.dragan: objective.penalties need the gradient of one image's logit, and "
            "discriminator.minibatch_discrimination",
        ),
        (
            {"wgan__objective__real_label": 0.9},
            "models.wgan.objective: loss 'wasserstein' has no labels to smooth or flip",
        ),
        (
            {"dcgan_sn__objective__label_flip": 0.1},
            "models.dcgan_sn.objective: loss 'hinge' has no labels",
        ),
        (
            {"wgan__objective__penalties": {"gradient_penalty": 10}},
            "models.wgan.objective: weight_clip and penalties both bound the norm of the "
            "discriminator's gradient",
        ),
        (
            {"dcgan__objective__penalty_every": 16},
            "models.dcgan.objective: penalty_every says how often penalties apply, and there are",
        ),
        (
            {"dcgan__objective__penalty_turn": "own"},
            "models.dcgan.objective: penalty_turn says where penalties apply, and there are none; "
            "leave it out, or add penalties",
        ),
        (
            {"stylegan2__objective__path_length_every": 8},
            "models.stylegan2.objective: path_length_every says how often path_length applies, "
            "which is 0; leave it out, or set path_length",
        ),
        (
            {"ddgan__r1": 0, "ddgan__r1_every": 3},
            "models.ddgan: r1_every says how often r1 applies, which is 0; leave it out, or set r1",
        ),
        (
            {"pix2pix_l1__optimizer__discriminator": {"lr": 0.1}},
            "models.pix2pix_l1: optimizer.discriminator is for a discriminator, which the model "
            "does not have; leave it out, or give the model one",
        ),
        (
            {"pix2pix_l1__conditional": False},
            "models.pix2pix_l1: conditional says what the discriminator sees, and there is none",
        ),
        (
            {"dcgan_sn__objective__weight_clip": 0.01},
            "models.dcgan_sn: discriminator.spectral_norm divides by what objective.weight_clip",
        ),
        (
            {"dcgan_sn__discriminator__norm": "batch"},
            "models.dcgan_sn: discriminator.norm batch undoes the scale",
        ),
        (
            {"unrolled__objective__penalties": {"r1": 1.0}},
            "models.unrolled.objective: unrolled_steps differentiate the discriminator's updates",
        ),
        (
            {"unrolled__objective__feature_matching": True},
            "models.unrolled.objective: unrolled_steps look ahead at the discriminator's verdict",
        ),
        (
            {"wgan__objective__weight_clip": 0},
            "models.wgan: objective.loss wasserstein grows without end",
        ),
        (
            {"progan__objective__penalties": {"drift": 0.001}},
            "models.progan: objective.loss wasserstein grows without end",
        ),
        (
            {"progan__generator__growth": 0.2},
            "models.progan: generator.growth and discriminator.growth disagree",
        ),
        (
            {"dcgan__objective__fake_label": 0.1},
            "models.dcgan.objective: fake_label smooths the labels of generated images alone",
        ),
        (
            {"wgan__schedule__n_critic": 101},
            "models.wgan.schedule: critic_warmup asks for 100 discriminator updates, fewer",
        ),
        (
            {"wgan__objective__loss": "wasserstien"},
            "models.wgan.objective.loss: there is no loss 'wasserstien'; did you mean",
        ),
        (
            {"wgan_gp__objective__penalties": {"gradient_penlty": 10}},
            "models.wgan_gp.objective.penalties: there is no penalty 'gradient_penlty'; did you "
            "mean 'gradient_penalty'?",
        ),
        (
            {"wgan_gp__objective__penalties__gradient_penalty": -1},
            "models.wgan_gp.objective.penalties.gradient_penalty: must be greater than 0, not -1",
        ),
        (
            {"dcgan_diffaugment__objective__augment": ["colour"]},
            "models.dcgan_diffaugment.objective.augment.0: must be one of 'color'",
        ),
        (
            {"dcgan_smooth__objective__real_label": 0.4},
            "models.dcgan_smooth.objective.real_label: must be greater than 0.5, not 0.4",
        ),
        (
            {"wgan__optimizer__betas": [0.5, 0.9]},
            "models.wgan.optimizer: rmsprop has no betas; leave it out",
        ),
        (
            {"dcgan__optimizer": {"generator": {"momentum": 0.9}}},
            "models.dcgan.optimizer: adam has no momentum; leave it out",
        ),
        (
            {"wgan__optimizer__beta2": {"start": 0.9, "end": 0.99}},
            "models.wgan.optimizer: rmsprop has no beta2; leave it out",
        ),
        (
            {"dcgan__optimizer": {"discriminator": {"lr": {"start": 1}}}},
            "models.dcgan.optimizer.discriminator.lr.end: is missing",
        ),
        (
            {"dcgan__ema_decay": {"start": 0, "end": 1}},
            "models.dcgan.ema_decay.end: must be less than 1, not 1",
        ),
        (
            {"cgan__discriminator__conditioning": "none"},
            "models.cgan: generator.conditioning and discriminator.conditioning must both be none",
        ),
        (
            {"cgan__generator__conditioning": "none"},
            "models.cgan: generator.conditioning and discriminator.conditioning must both be none",
        ),
        (
            {"cgan__generator__conditioning": "projection"},
            "models.cgan.generator.conditioning: must be one of 'none', 'concat' or 'batch_norm'",
        ),
        (
            {"stylegan2__generator__style_mixing": 0.9, "stylegan2__latent": "uniform"},
            "models.stylegan2: generator.style_mixing draws second vectors from N(0, 1)",
        ),
        (
            {"dcgan__schedule__n_critc": 3},
            "models.dcgan.schedule.n_critc: there is no such field; did you mean 'n_critic'?",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    message = refusal(tmp_path, **changes)
    assert says in message
    assert "has a mistake:" in message


PAIRS = {"dataset": "pairs", "model": "pix2pix", "models.pix2pix.source.kind": "folder"}
SETS = {"datasets.pairs.paired": False}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"dataset": "pairs"},
            "dataset: pairs is for models that translate, and dcgan draws from noise; choose "
            "pix2pix or cyclegan",
        ),
        (
            {"dataset": "pairs", "model": "cyclegan"},
            "models.cyclegan.source.kind: inverted computes what is translated, and the dataset "
            "pairs brings it along; set it to folder",
        ),
        (
            PAIRS | {"dataset": "mnist"},
            "models.pix2pix.source.kind: folder takes the user's own pairs, which mnist is not; "
            "set dataset to pairs and datasets.pairs.path",
        ),
        (
            PAIRS | SETS,
            "models.pix2pix.source.paired: is true, and datasets.pairs.paired is false; a model",
        ),
    ],
)
def test_sources_that_do_not_fit_the_dataset_are_refused(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED_TEXT, encoding="utf-8")
    edit_params(path, changes)
    with pytest.raises(GanpipeError) as caught:
        load_params(path)
    assert f"has a mistake:\n  {says}" in str(caught.value)


@pytest.mark.parametrize("model", ["pix2pix", "cyclegan"])
def test_pairs_and_sets_are_for_the_models_that_take_them(tmp_path: Path, model: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED_TEXT, encoding="utf-8")
    fits = {"dataset": "pairs", "model": model, f"models.{model}.source.kind": "folder"}
    edit_params(path, fits | (SETS if model == "cyclegan" else {}))
    assert load_params(path).dataset == "pairs"


def test_refusals_of_several_blocks_come_in_one_message(tmp_path: Path) -> None:
    message = refusal(
        tmp_path,
        wgan__objective__real_label=0.9,
        wgan_gp__discriminator__norm="batch",
        dcgan__objective__loss="hing",
    )
    for part in ("3 mistakes", "models.wgan.objective:", "models.wgan_gp:", "did you mean 'hinge'"):
        assert part in message


def test_shared_fields_that_no_optimizer_has_are_refused(tmp_path: Path) -> None:
    """A block with an optimizer that has the field makes it a default like any other."""
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED_TEXT, encoding="utf-8")
    edit_params(path, {"optimizer.momentum": 0.9, "optimizer.alpha": 0.9})  # alpha is of wgan
    with pytest.raises(GanpipeError) as caught:
        load_params(path)
    assert str(caught.value).endswith(
        "has a mistake:\n  optimizer: adam has no momentum, nor has the optimizer of any model; "
        "leave it out"
    )
    edit_params(path, {"models.mlp.optimizer": {"name": "sgd"}})
    assert load_params(path).optimizer.momentum == 0.9


def test_what_makes_sense_is_let_through(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED_TEXT, encoding="utf-8")
    changes = {
        "wgan_gp.discriminator.minibatch_stddev": True,  # as Karras et al. 2018 do
        "wgan_gp.discriminator.spectral_norm": True,
        "wgan_gp.schedule.n_critic": 3,
        "dcgan_sn.objective.penalties": {"r1": 1, "r2": 1},
        "unrolled.schedule.n_critic": 2,
        "unrolled.objective.loss": "relativistic",
        "wgan.optimizer.alpha": 0.9,
        "wgan.objective.penalties": {"drift": 0.001},  # beside the clip: it bounds no gradient
        "dcgan.objective.penalties": {"drift": 0.001},  # with batch norm
        "dcgan.optimizer": {
            "generator": {"name": "sgd", "momentum": 0.9, "lr": {"start": 1, "end": 0}}
        },
        "unrolled.optimizer": {"beta2": {"start": 0.9, "end": 0.99, "shape": "cosine"}},
        "mlp.ema_decay": {"start": 0, "end": 0.999},
        "mlp.ema_ramp": 0,
        "ddgan.r1": 0,  # beside the shipped r1_every
        "stylegan2.objective.path_length": 2,
        "stylegan2.objective.path_length_every": 8,
    }
    edit_params(path, {f"models.{name}": value for name, value in changes.items()})
    params = load_params(path)
    for model in params.models.values():  # as the header of saved weights stores it
        again = validate(type(model), json.loads(model.model_dump_json()), "a header")
        assert again == model
