"""What several test modules share: the shipped parameters, shrunk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from ganpipe.cli.main import main as cli
from ganpipe.core.schema import validate
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.methods.config import AnyModelConfig, ModelConfig
from ganpipe.methods.configs.translating import TranslatingConfig
from ganpipe.params import Params, load_params
from helpers import small

ROOT = Path(__file__).resolve().parents[2]
SHIPPED: Params = load_params(ROOT / "params.yaml")

# Blocks by what their models start from, and those of one game.
TRANSLATORS = [n for n, model in SHIPPED.models.items() if isinstance(model, TranslatingConfig)]
NOISE_MODELS = [name for name in SHIPPED.models if name not in TRANSLATORS]
ADVERSARIAL = [name for name, model in SHIPPED.models.items() if isinstance(model, ModelConfig)]

SMALL: dict[str, Any] = {
    **small.FIELDS,
    "blocks": 1,
    "multipliers": [1, 2],
    "steps": 2,
    "image_pool": 10,
}


def shrink(content: Any) -> Any:
    """The same configuration with small networks: every field that sets a size or a length.

    What is 0, and so not used, stays so.
    """
    if not isinstance(content, dict):
        return content
    return {
        name: SMALL[name] if name in SMALL and value else shrink(value)
        for name, value in content.items()
    }


def small_model(name: str) -> AnyModelConfig:
    """A shipped model's block, shrunk."""
    model = SHIPPED.models[name]
    return validate(type(model), shrink(model.model_dump(mode="json")), f"models.{name}")


def spec_of(image_size: int = 32, channels: int = 1, num_train: int = 48) -> DataSpec:
    """A dataset that exists only as its description."""
    return DataSpec("mnist", Domain(channels, image_size, image_size, ("0", "1")), num_train, 12)


def pixels(spec: DataSpec, seed: int = 0) -> torch.Tensor:
    """uint8 (num_train, C, H, W) noise with a bright square whose place depends on the image."""
    rng = torch.Generator().manual_seed(seed)
    images = torch.randint(
        0, 60, (spec.num_train, *spec.target.image_shape), generator=rng, dtype=torch.uint8
    )
    for index, image in enumerate(images):
        start = 2 + index % 5
        image[:, start : start + 8, start : start + 8] = 230
    return images


def command(name: str, arguments: list[str]) -> None:
    """``ganpipe NAME ARGUMENTS`` within this process."""
    cli([name, *arguments])


def list_code(place: Path) -> None:
    """Write the lists of code in ``place`` from its params.yaml, as `check` does; a stage that is
    started by hand wants them. Where the parameters are wrong, there are none."""
    (place / "data" / "images").mkdir(parents=True, exist_ok=True)
    run_python("-m", "stages.check", cwd=place, PYTHONPATH=str(ROOT))


def run_python(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """``python ARGUMENTS`` as a user would run it in ``cwd``."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
