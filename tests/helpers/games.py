"""Games in small: losses with given images, a turn at a time, and runs that begin."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from ganpipe.core.schema import validate
from ganpipe.data.loading.batches import Batch, Batches
from ganpipe.methods.adversarial import Adversarial
from ganpipe.methods.build import build_method
from ganpipe.methods.config import AnyModelConfig, ModelConfig
from ganpipe.methods.configs.translating import TranslatingConfig
from ganpipe.methods.method import Context, Loss, Method
from ganpipe.optim.build import resolve
from ganpipe.optim.config import OptimizerFields
from ganpipe.training.config import TrainConfig
from ganpipe.training.state import State, start
from helpers.support import SHIPPED, pixels, small_model, spec_of
from helpers.translating import pairs_of

CPU = torch.device("cpu")
SHORT = SHIPPED.train.model_copy(update={"batch_size": 8, "epochs": 2, "precision": "fp32"})


def rng(seed: int = 0) -> torch.Generator:
    """A random stream on the CPU."""
    return torch.Generator().manual_seed(seed)


def context(
    method: Method,
    batch: Batch,
    *,
    step: int = 0,
    update: int = 0,
    progress: float = 0.0,
    lr: float = 0.01,
    shared: dict[str, Any] | None = None,
) -> Context:
    """A turn of a game whose players move by gradient descent; every stream has the seed 0."""
    optimizers = {
        name: torch.optim.SGD(player.parameters(), lr=lr) for name, player in method.players.items()
    }
    shared = {} if shared is None else shared
    return Context(
        batch=batch,
        rng=rng(),
        step=step,
        update=update,
        progress=progress,
        optimizers=optimizers,
        stream=lambda _: rng(),
        shared=shared,
    )


def generated(method: Any, batch: Batch) -> Tensor:
    """Images of the method's generator, with their graph."""
    images: Tensor = method.generate(context(method, batch))
    return images


def d_loss(method: Any, batch: Batch, fake: Tensor | None = None, **when: Any) -> Loss:
    """The discriminator's loss, on the images ``fake`` where they are given."""
    now = context(method, batch, **when)
    fake = method.generate(now) if fake is None else fake
    with patch.object(method, "generate", lambda _: fake):
        loss: Loss = method.d_loss(now)
    return loss


def g_loss(method: Any, batch: Batch, fake: Tensor | None = None, **when: Any) -> Loss:
    """The generator's loss, on the images ``fake`` where they are given."""
    fake = generated(method, batch) if fake is None else fake
    loss: Loss = method.g_loss(context(method, batch, shared={"fake": fake}, **when))
    return loss


def changed(name: str, optimizer: dict[str, Any] | None = None, **objective: Any) -> ModelConfig:
    """A shipped block, shrunk, with other fields of its optimizer and its objective."""
    content = small_model(name).model_dump(mode="json")
    content["objective"] |= objective
    content["optimizer"] |= optimizer or {}
    return validate(ModelConfig, content, name)


def configured(name: str = "toy_mlp", **blocks: dict[str, Any]) -> ModelConfig:
    """A shipped block, shrunk, with other fields of the blocks in it."""
    content = small_model(name).model_dump(mode="json")
    for block, fields in blocks.items():
        content[block] |= fields
    return validate(ModelConfig, content, name)


def game(name: str = "toy_mlp", **blocks: dict[str, Any]) -> Adversarial:
    """The game of :func:`configured`, in training mode."""
    method = build_method(configured(name, **blocks), spec_of(), seed=0).train()
    assert isinstance(method, Adversarial)
    return method


def set_schedule(method: Any, **fields: Any) -> None:
    """Change fields of the method's schedule."""
    method.schedule = method.schedule.model_copy(update=fields)


def begin(
    model: str | AnyModelConfig,
    *,
    seed: int = 0,
    default: OptimizerFields = SHIPPED.optimizer,
    config: TrainConfig = SHORT,
) -> tuple[State, Batches]:
    """A run before its first step, of a block or of a shipped one by its name, which is shrunk."""
    model = small_model(model) if isinstance(model, str) else model
    translates = isinstance(model, TranslatingConfig)
    paired = not translates or model.source.paired
    spec = pairs_of(paired=paired) if translates else spec_of()
    method = build_method(model, spec, seed)
    settings = {player: resolve(default, model.optimizer, player) for player in method.players}
    labels = torch.arange(spec.num_train) % len(spec.target.classes)
    batches = Batches(
        pixels(spec),
        labels,
        batch_size=config.batch_size,
        seed=seed,
        device=CPU,
        sources=pixels(spec, seed=1) if translates else None,
        paired=paired,
    )
    return start(method, settings, CPU), batches
