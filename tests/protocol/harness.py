"""What every method must do: train, resume bit for bit, be averaged, saved, loaded and drawn."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.support import SHIPPED
from torch import Tensor, nn

from ganpipe.data.loading.batches import Batch
from ganpipe.data.spec import Domain
from ganpipe.methods.method import Method
from ganpipe.optim.config import OptimizerConfig
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.draw import draw
from ganpipe.sampling.trained import Trained, load_trained, save_sampler
from ganpipe.training.loop import train_step
from ganpipe.training.state import State, load_state_dict, start, state_dict

CPU = torch.device("cpu")
DOMAIN = Domain(channels=1, native_size=6, image_size=8, classes=("a", "b", "c"))
STEPS = 7
CONFIG = SHIPPED.train.model_copy(
    update={"batch_size": 4, "epochs": 10, "precision": "fp32", "ema_decay": 0.9, "ema_ramp": 0.0}
)


@dataclass
class RandomBatches:
    """Noise as images, with labels and pictures to start from."""

    seed: int = 0
    device: torch.device = CPU
    per_epoch: int = 20
    batch_size: int = 4

    def at(self, index: int) -> Batch:
        rng = make_rng(CPU, self.seed, "a sketch", index)
        real, source = (torch.rand((2, self.batch_size, 1, 8, 8), generator=rng) * 2 - 1).unbind()
        return Batch(real, torch.randint(0, 3, (self.batch_size,), generator=rng), source)


def begin(make: Callable[[], Method]) -> State:
    torch.manual_seed(3)
    method = make()
    settings = {
        player: OptimizerConfig(name="adam", lr=0.01, betas=(0.5, 0.9)) for player in method.players
    }
    return start(method, settings, CPU)


def go(state: State, steps: int) -> dict[str, Tensor]:
    logged: dict[str, Tensor] = {}
    for _ in range(steps):
        logged |= train_step(state, RandomBatches(), CONFIG)
    return logged


def tensors_of(content: Any, prefix: str = "") -> dict[str, Tensor]:
    """All tensors of a nest of dicts and lists, by their paths."""
    if isinstance(content, Tensor):
        return {prefix: content}
    items: Any = ()
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)
    return {
        name: value
        for key, inner in items
        for name, value in tensors_of(inner, f"{prefix}/{key}").items()
    }


def check_training(make: Callable[[], Method]) -> State:
    """Every player moves, everything logged is finite, and a resumed run has the same bits."""
    whole = begin(make)
    before = {name: value.clone() for name, value in whole.method.players.state_dict().items()}
    logged = go(whole, STEPS)
    assert set(logged) <= set(whole.method.logged)
    assert all(value.isfinite() for value in logged.values())
    for player in whole.method.players:
        names = [name for name in before if name.startswith(f"{player}.")]
        after = whole.method.players.state_dict()
        assert any(not torch.equal(before[name], after[name]) for name in names), player

    first = begin(make)
    go(first, 3)
    file = io.BytesIO()
    torch.save(state_dict(first), file)
    file.seek(0)
    second = begin(make)
    load_state_dict(second, torch.load(file, weights_only=True))
    go(second, STEPS - 3)
    expected, found = tensors_of(state_dict(whole)), tensors_of(state_dict(second))
    assert expected.keys() == found.keys()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    return whole


def check_batches(make: Callable[[], Method]) -> None:
    """The closed form agrees with the turns."""
    method, taken = make(), 0
    for step in range(40):
        assert method.batches_before(step) == taken
        played = [turn for turn in method.turns(step) if step % turn.every == 0]
        assert played[0].new_batch
        taken += sum(turn.new_batch for turn in played)


def check_weights_files(
    state: State,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    discriminator: type[nn.Module],
    given: dict[str, Tensor] | None = None,
) -> dict[str, Trained]:
    """Each average is saved, loaded without a discriminator, and draws the same images."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a discriminator was built")

    loaded = {}
    with monkeypatch.context() as patch:
        patch.setattr(discriminator, "__init__", refuse)
        for name, average in state.averages.items():
            path = folder / f"{name}.safetensors"
            save_sampler(path, average, {"seed": 5, "objective": {"no such field": 1}})
            loaded[name] = load_trained(path, CPU)
    for name, trained in loaded.items():
        raw = state.method.samplers()[name].network.state_dict()
        kept = trained.sampler.network.state_dict()
        assert any(not torch.equal(value, raw[key]) for key, value in kept.items())
        images = [
            torch.cat([drawn.images for drawn in draw(each.sampler, 6, seed=1, given=given)])
            for each in (trained, Trained(state.averages[name], {}))
        ]
        assert images[0].dtype == torch.uint8
        assert images[0].shape == (6, 1, DOMAIN.native_size, DOMAIN.native_size)
        assert torch.equal(*images)
        assert not torch.equal(images[0][0], images[0][1])
    return loaded
