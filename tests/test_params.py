from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from helpers.support import ROOT, run_python
from ruamel.yaml import YAML

from ganpipe.core.errors import GanpipeError
from ganpipe.optim.build import resolve
from ganpipe.params import load_params

SHIPPED_TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")


def load(tmp_path: Path, *changes: tuple[str, str]) -> object:
    text = SHIPPED_TEXT
    for old, new in changes:
        assert old in text, f"the shipped file has no line {old!r}"
        text = text.replace(old, new, 1)
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return load_params(path)


@pytest.mark.parametrize("name", ["adamw", "rmsprop", "sgd"])
def test_the_shared_optimizer_can_be_another(tmp_path: Path, name: str) -> None:
    load(tmp_path, ("  name: adam", f"  name: {name}"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  epochs: 5", "  epocs: 9", "train.epocs: there is no such field; did you mean 'epochs'"),
        ("dataset: mnist", "dataset: mnits", "dataset: must be one of 'mnist', 'fashion_mnist'"),
        ("model: dcgan", "model: dcgn", "no model 'dcgn'; did you mean 'dcgan'?"),
        ("model: dcgan", "model: zzz", "no model 'zzz'; the models are dcgan,"),
        ("  lr: 0.0002", "  lr: fast", 'start and end, not "fast"'),
        ("  lr: 0.0002", "  lr: -1.0", "optimizer.lr: must be greater than 0, not -1.0"),
        ("  lr: 0.0002", "  lr: .nan", "optimizer.lr: must be a"),
        ("  - 0.999", "  - 1.5", "optimizer.betas.1: must be less than 1, not 1.5"),
        ("  - 0.999\n", "", "optimizer.betas"),
        ("seed: 0 ", "seed: '007' ", 'seed: must be a valid integer, not "007"'),
        ("seed: 0 ", "seed: true ", "seed: must be a valid integer, not true"),
        ("  epochs: 5", "  epochs: 5.5", "train.epochs: must be a valid integer"),
        (
            "      norm: batch",
            "      norm: bach",
            "discriminator.norm: must be one of",
        ),
        ("      arch: dcgan", "      arch: dcgna", "models.dcgan.generator.arch: must be one of"),
        ("      width: 32", "      wdith: 32", "did you mean 'width'?"),
        (  # among the fields of its architecture, whatever else the block says
            "      width: 32  # channels before",
            "      conditioning: none\n      wdith: 32  # channels before",
            "models.dcgan.generator.wdith: there is no such field; did you mean 'width'?",
        ),
        ("  mlp:\n", "  m.lp:\n", "models.m.lp: a model's name must not hold a dot"),
        ("image_size: 64", "image_size: 65", "datasets.folder.image_size: 65 pixels cannot be"),
        (
            "extractors: auto",
            "extractors:\n  - fid",
            "evaluate.extractors.0: must be one of 'classifier'",
        ),
        ("  rows: 8", "  rows: 0", "sample.rows: must be greater than or equal to 1, not 0"),
        ("model: dcgan", "model: [", "is not valid YAML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(GanpipeError) as caught:
        load(tmp_path, (old, new))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        # names in another spelling
        ("model", "DCGAN", "there is no model 'DCGAN'; did you mean 'dcgan'?"),
        ("model", "WGAN-GP", "there is no model 'WGAN-GP'; did you mean 'wgan_gp'?"),
        ("dataset", "MNIST", "or 'pairs', not \"MNIST\"; did you mean 'mnist'?"),
        ("dataset", "fashion-mnist", "; did you mean 'fashion_mnist'?"),
        ("train.precision", "bf61", "or 'bf16', not \"bf61\"; did you mean 'bf16'?"),
        ("optimizer.name", "Adam", "or 'sgd', not \"Adam\"; did you mean 'adam'?"),
        ("models.dcgan.generator.arch", "DCGAN", "not 'DCGAN'; did you mean 'dcgan'?"),
        ("models.dcgan.objective.loss", "Hinge", "no loss 'Hinge'; did you mean 'hinge'?"),
        ("train.Epochs", 3, "train.Epochs: there is no such field; did you mean 'epochs'?"),
        ("train.zzz", 3, "train.zzz: there is no such field; the fields are epochs, batch_size"),
        # a field of another block
        (
            "models.wgan.objective.n_critic",
            5,
            "n_critic: there is no such field; did you mean 'models.wgan.schedule.n_critic'?",
        ),
        ("models.mlp.hidden", [8], "no such field; did you mean 'models.mlp.generator.hidden'?"),
        ("train.num_generated", 8, "no such field; did you mean 'evaluate.num_generated'?"),
        ("batch_size", 8, "batch_size: there is no such field; did you mean 'train.batch_size'?"),
        # a choice that nothing is close to
        ("train.precision", 32, "train.precision: must be one of 'auto', 'fp32' or 'bf16', not 32"),
        ("datasets.folder.channels", "3", 'channels: must be one of 1 or 3, not "3"'),
        # lists that are read as tuples
        ("optimizer.betas", [0.5], "optimizer.betas: must be a list of 2 numbers, not [0.5]"),
        ("optimizer.betas", [], "optimizer.betas: must be a list of 2 numbers, not []"),
        ("optimizer.betas", [0, 0.5, 1], "must be a list of 2 numbers, not [0, 0.5, 1]"),
        ("optimizer.betas", 0.5, "optimizer.betas: must be a list of 2 numbers, not 0.5"),
        ("optimizer.betas", ["a", 0.5], 'optimizer.betas.0: must be a valid number, not "a"'),
        ("models.dcgan.optimizer", {"betas": [0.5]}, "betas: must be a list of 2 numbers, not"),
        # lists
        ("models.mlp.generator.hidden", 256, "must be a list, not 256; write [256]"),
        ("models.mlp.generator.hidden", [], "models.mlp.generator.hidden: must not be empty"),
        ("models.mlp.generator.hidden", [8, "x"], 'hidden.1: must be a valid integer, not "x"'),
        ("models.mlp.generator.hidden", [True], "hidden.0: must be a valid integer, not true"),
        ("models.mlp.generator.hidden", True, "hidden: must be a list, not true"),
        ("models.dcgan.objective.augment", "colour", 'be a list, not "colour"; write [color]'),
        ("models.dcgan.objective.augment", ["colour"], "did you mean 'color'?"),
        ("datasets.folder.range", [0], "range: must hold at least 2 items, not [0]"),
        ("datasets.folder.range", [0, 1, 2], "range: must hold at most 2 items, not [0, 1, 2]"),
        ("datasets.folder.range", 4095, "datasets.folder.range: must be a list, not 4095"),
        # one kind or another
        (
            "evaluate.extractors",
            "inception",
            "must be 'auto' or a list, not \"inception\"; write [",
        ),
        ("evaluate.extractors", "clasifier", "; write [classifier]"),
        ("evaluate.extractors", "Auto", "not \"Auto\"; did you mean 'auto'?"),
        (
            "evaluate.extractors",
            3,
            "a list, not 3; its items may be classifier, digits, in",
        ),
        ("evaluate.extractors", {"a": 1}, "evaluate.extractors: must be 'auto' or a list, not {"),
        ("evaluate.extractors", [], "evaluate.extractors: must not be empty"),
        (
            "evaluate.extractors",
            ["fid"],
            "evaluate.extractors.0: must be one of 'classifier', 'digits' or",
        ),
        # blocks
        ("train", None, "train: must be a block of fields, not null"),
        ("models.dcgan.generator", "dcgan", 'generator: must be a block of fields, not "dcgan"'),
        ("models.dcgan.generator", {}, "arch: is missing; it must be one of 'mlp' or 'dcgan'"),
        ("models.dcgan.generator", {"arch": "dcgan"}, "models.dcgan.generator.width: is missing"),
        ("models.dcgan.objective.penalties", [1], "must be a mapping of names to values, not [1]"),
        ("models", {}, "models: must not be empty"),
        ("models", None, "models: must be a mapping of names to values, not null"),
        # plain values
        ("train.deterministic", 1, "train.deterministic: must be true or false, not 1"),
        ("train.deterministic", "yes", 'must be true or false, not "yes"'),
        ("models.wgan.schedule.n_critic", True, "must be a valid integer, not true"),
        ("train.ema_decay", True, "ema_decay: must be a valid number or a block with start and"),
        ("train.accumulate", 3, "train: accumulate 3 does not cut a batch_size of 32 into equal"),
        ("train.accumulate", 32, "at least 2 images; set it to 1 or 2 or 4 or 8 or 16"),
        # a number or a schedule
        (
            "optimizer.lr",
            "abc",
            'optimizer.lr: must be a valid number or a block with start and end, not "abc"',
        ),
        ("optimizer.lr", {"start": 1}, "optimizer.lr.end: is missing"),
        ("optimizer.lr", -1, "optimizer.lr: must be greater than 0, not -1"),
        ("optimizer.beta2", 0.9, "optimizer.beta2: must be a block of fields, not 0.9"),
        ("optimizer.lr_decay_from", 0.5, "no such field; the fields are name, lr, betas, beta2"),
        ("datasets.folder.path", "", "datasets.folder.path: must not be empty"),
        ("datasets.folder.path", 3, "datasets.folder.path: must be a string, not 3"),
        ("model", None, "model: must be a string, not null"),
        ("seed", "x" * 99, f'not "{"x" * 56}...'),
    ],
)
def test_a_wrong_value_is_answered_by_one_sentence(
    tmp_path: Path, field: str, value: Any, says: str
) -> None:
    yaml = YAML(typ="safe")
    content = yaml.load(SHIPPED_TEXT)
    *blocks, name = field.split(".")
    functools.reduce(dict.__getitem__, blocks, content)[name] = value
    path = tmp_path / "params.yaml"
    yaml.dump(content, path)
    with pytest.raises(GanpipeError) as caught:
        load_params(path)
    message = str(caught.value)
    assert says in message
    assert "has a mistake:" in message
    for foreign in ("Input", "Tuple", "List", "Dictionary", "array", "an object", "validation"):
        assert foreign not in message


def test_all_mistakes_come_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(GanpipeError) as caught:
        load(
            tmp_path,
            ("  epochs: 5", "  epocs: 9"),
            ("  lr: 0.0002", "  lr: fast"),
            ("model: dcgan", "model: dcgn"),
        )
    for part in ("4 mistakes", "epocs", "epochs: is missing", "optimizer.lr", "dcgn"):
        assert part in str(caught.value)


@pytest.mark.parametrize(("text", "value"), [("1e-05", 1e-5), ("1", 1.0), ("2E-4", 2e-4)])
def test_numbers_as_dvc_writes_them(tmp_path: Path, text: str, value: float) -> None:
    params = load(tmp_path, ("  lr: 0.0002", f"  lr: {text}"))
    assert params.optimizer.lr == value  # type: ignore[attr-defined]
    assert isinstance(params.optimizer.lr, float)  # type: ignore[attr-defined]


def test_an_integer_beta_is_a_float(tmp_path: Path) -> None:
    params = load(tmp_path, ("  - 0.5\n", "  - 0\n"))
    assert params.optimizer.betas == (0.0, 0.999)  # type: ignore[attr-defined]


def test_overrides_resolve_side_over_model_over_default(tmp_path: Path) -> None:
    override = "\n    optimizer:\n      lr: 0.001\n      generator:\n        betas: [0, 0.9]\n"
    params = load(tmp_path, ("per generator update\n", f"per generator update{override}"))
    block = params.models["dcgan"].optimizer  # type: ignore[attr-defined]
    default = params.optimizer  # type: ignore[attr-defined]
    generator, discriminator = (
        resolve(default, block, player) for player in ("generator", "discriminator")
    )
    assert (generator.lr, generator.betas) == (0.001, (0.0, 0.9))
    assert (discriminator.lr, discriminator.betas) == (0.001, (0.5, 0.999))


@pytest.mark.parametrize("field", ["name", "lr", "betas"])
def test_the_shared_optimizer_must_say_what_every_optimizer_needs(
    tmp_path: Path, field: str
) -> None:
    lines = {
        "name": ("  name: adam\n", ""),
        "lr": ("  lr: 0.0002  # learning rate (Radford et al. 2016)\n", ""),
        "betas": ("  - 0.5\n  - 0.999\n", ""),
    }
    old, new = lines[field]
    if field == "betas":
        old = SHIPPED_TEXT[SHIPPED_TEXT.index("  betas:") : SHIPPED_TEXT.index(old)] + old
    with pytest.raises(GanpipeError, match=rf"optimizer\.{field}: is missing"):
        load(tmp_path, (old, new))


STAGES = sorted(path.stem for path in (ROOT / "stages").glob("[!_]*.py"))


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_refuses_a_wrong_file_at_once(tmp_path: Path, stage: str) -> None:
    """Before PyTorch is imported, which takes seconds."""
    (tmp_path / "stages").symlink_to(ROOT / "stages")
    (tmp_path / "params.yaml").write_text(SHIPPED_TEXT.replace("dcgan", "dcgn", 1))
    (tmp_path / "torch.py").write_text("raise SystemExit('torch is imported')\n")
    result = run_python("-m", f"stages.{stage}", cwd=tmp_path)
    assert result.returncode == 1
    assert "did you mean 'dcgan'?" in result.stderr
    assert "torch" not in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["params.yaml", "stages", "torch.py"]


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(GanpipeError, match="run from the project's root"):
        load_params(tmp_path / "params.yaml")
