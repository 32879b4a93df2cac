"""docs/adding-a-loss.md, carried out as it reads in a copy of the code."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from helpers.support import ROOT, run_python

PAGE = (ROOT / "docs" / "adding-a-loss.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(?:python|yaml)\n# (\S+?\.(?:py|yaml))[^\n]*\n(.*?)```", re.DOTALL)

TWO_STEPS = """
import torch
from helpers.support import pixels, spec_of
from ganpipe.data.loading.batches import Batches
from ganpipe.methods.build import build_method
from ganpipe.optim.build import resolve
from ganpipe.params import load_params
from ganpipe.training.loop import train_step
from ganpipe.training.state import start

params = load_params()
model, spec, cpu = params.models["kl"], spec_of(), torch.device("cpu")
method = build_method(model, spec, 0)
optimizers = {name: resolve(params.optimizer, model.optimizer, name) for name in method.players}
state = start(method, optimizers, cpu)
config = params.train.model_copy(update={"batch_size": 8, "precision": "fp32"})
batches = Batches(pixels(spec), None, batch_size=8, seed=0, device=cpu)
for _ in range(2):
    parts = train_step(state, batches, config)
print({name: round(float(value), 3) for name, value in parts.items()})
assert all(torch.isfinite(value) for value in parts.values())

from ganpipe.objectives.build import adversarial_loss, penalty
real, fake = torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0])
kl = adversarial_loss("kl")
assert float(kl.discriminator(real, fake)) == 1 - 2  # exp(1 - 1) less the mean of real
assert float(kl.generator(real, fake)) == -1
images = torch.randn(8, 1, 4, 4)
for norm, value in ((3.0, 4.0), (0.5, 0.0)):
    critic = lambda x: norm * x.flatten(1)[:, 0]
    found = penalty("lipschitz_penalty")(critic, images, -images, torch.Generator())
    assert abs(float(found) - value) < 1e-4
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code in which the page has been followed."""
    root = tmp_path_factory.mktemp("adding")
    for name in ("src", "stages"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root)
    (root / "data" / "images").mkdir(parents=True)
    before = lists(root)
    blocks = dict(BLOCK.findall(PAGE))
    assert list(blocks) == [
        "src/ganpipe/objectives/losses/kl.py",
        "src/ganpipe/objectives/penalties/lipschitz_penalty.py",
        "params.yaml",
    ]
    for name, text in blocks.items():
        path = root / name
        if name == "params.yaml":
            old = path.read_text(encoding="utf-8")
            assert "\nmodels:\n" in old
            path.write_text(old.replace("\nmodels:\n", f"\nmodels:\n{text}\n"), encoding="utf-8")
        else:
            assert not path.exists()
            path.write_text(text, encoding="utf-8")
    assert lists(root) == before, "a stage would run again"
    return root


def lists(root: Path) -> dict[str, str]:
    """What the stages depend on, by `check`."""
    result = run_python("-m", "stages.check", cwd=root)
    assert result.returncode == 0, result.stderr
    return {path.name: path.read_text() for path in (root / "data" / "code").iterdir()}


def test_a_model_trains_with_the_new_loss_and_penalty(project: Path) -> None:
    paths = f"{project / 'src'}{os.pathsep}{ROOT / 'tests'}"
    result = run_python("-c", TWO_STEPS, cwd=project, PYTHONPATH=paths)
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
