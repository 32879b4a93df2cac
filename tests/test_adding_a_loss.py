"""docs/adding-a-loss.md, carried out as it reads in a copy of the code."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from helpers.support import ROOT, run_python

PAGE = (ROOT / "docs" / "adding-a-loss.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(?:python|yaml)\n# (\S+?\.(?:py|yaml))[^\n]*\n(.*?)```", re.DOTALL)

TWO_STEPS = """
import torch
from ganpipe.data.batches import Batches
from ganpipe.methods.build import build_method
from ganpipe.params import load_params
from ganpipe.training.loop import train_step
from ganpipe.training.state import start
from ganpipe.types import DataSpec, Domain

params = load_params()
model = params.models["kl"]
spec = DataSpec("mnist", Domain(1, 28, 28), 32, 0)
pixels = torch.randint(0, 256, (32, *spec.target.image_shape), dtype=torch.uint8)
images = pixels / 127.5 - 1
optimizers = model.optimizer.both(params.optimizer)
state = start(build_method(model, spec, 0), optimizers, torch.device("cpu"))
config = params.train.model_copy(update={"batch_size": 8, "precision": "fp32"})
batches = Batches(pixels, None, 8, 0, torch.device("cpu"))
for _ in range(2):
    parts = train_step(state, batches, config)
print({name: round(float(value), 3) for name, value in parts.items()})
assert all(torch.isfinite(value) for value in parts.values())

from ganpipe.objectives.losses import LOSSES
from ganpipe.objectives.penalties import PENALTIES
real, fake = torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0])
assert float(LOSSES["kl"].discriminator(real, fake)) == 1 - 2  # exp(1 - 1) less the mean of real
assert float(LOSSES["kl"].generator(real, fake)) == -1
for slope, penalty in ((3.0, 4.0), (0.5, 0.0)):
    critic = lambda x: slope * x.flatten(1)[:, 0]
    found = PENALTIES["lipschitz_penalty"](critic, images, -images, torch.Generator())
    assert abs(float(found) - penalty) < 1e-4
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code in which the page has been followed."""
    root = tmp_path_factory.mktemp("adding")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", root)
    blocks = BLOCK.findall(PAGE)
    names = [name for name, _ in blocks]
    assert names == [
        "src/ganpipe/objectives/losses.py",
        "src/ganpipe/objectives/penalties.py",
        "params.yaml",
    ]
    for name, text in blocks:
        path = root / name
        old = path.read_text(encoding="utf-8")
        new = (
            old.replace("\nmodels:\n", f"\nmodels:\n{text}\n")
            if name == "params.yaml"
            else (f"{old}\n\n{text}")
        )
        assert new != old
        path.write_text(new, encoding="utf-8")
    return root


def test_a_model_trains_with_the_new_loss_and_penalty(project: Path) -> None:
    result = run_python("-c", TWO_STEPS, cwd=project, PYTHONPATH=str(project / "src"))
    assert result.returncode == 0, result.stderr


def test_a_misspelt_name_is_answered_with_the_new_one(project: Path) -> None:
    path = project / "params.yaml"
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace("lipschitz_penalty:", "lipshitz_penalty:"), encoding="utf-8")
    code = "import sys; from ganpipe.params import load_params\n" + (
        "try: load_params()\nfinally: assert 'torch' not in sys.modules"
    )
    result = run_python("-c", code, cwd=project, PYTHONPATH=str(project / "src"))
    path.write_text(right, encoding="utf-8")
    assert "models.kl.objective.penalties: there is no penalty 'lipshitz_penalty'" in result.stderr
    assert "did you mean 'lipschitz_penalty'?" in result.stderr
    assert "AssertionError" not in result.stderr
