from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.support import ROOT, run_python

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
        ("  lr: 0.0002", "  lr: fast", 'optimizer.lr: must be a valid number, not "fast"'),
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
    (tmp_path / "stages").symlink_to(ROOT / "stages")
    (tmp_path / "params.yaml").write_text(SHIPPED_TEXT.replace("dcgan", "dcgn", 1))
    started = time.monotonic()
    result = run_python("-m", f"stages.{stage}", cwd=tmp_path)
    seconds = time.monotonic() - started
    assert result.returncode == 1
    assert "did you mean 'dcgan'?" in result.stderr
    assert "Traceback" not in result.stderr
    assert seconds < 3 or seconds < 3 * _bare_start()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["params.yaml", "stages"]


def _bare_start() -> float:
    """Seconds that an empty program takes on a machine that is this busy just now."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import pydantic, ruamel.yaml"], check=True)
    return time.monotonic() - started


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(GanpipeError, match="run from the project's root"):
        load_params(tmp_path / "params.yaml")
