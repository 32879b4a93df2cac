"""A sketch: a generator that feeds the label to every norm (de Vries et al. 2017)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from protocol.harness import DOMAIN, check_batches, check_training, check_weights_files
from torch import Tensor, nn

from ganpipe.core.schema import Strict, validate
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.networks.network import Network
from ganpipe.sampling.draw import draw
from ganpipe.sampling.sampler import Label, Noise, Sampler


class ClassNorm(nn.Module):
    """Batch norm whose scale and shift depend on the label."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Embedding(num_classes, channels)
        self.shift = nn.Embedding(num_classes, channels)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        scale, shift = self.scale(label), self.shift(label)
        return self.norm(x) * (1 + scale[:, :, None, None]) + shift[:, :, None, None]


class Generator(Network):
    """(N, 5) and (N,) int64 -> (N, 1, 8, 8)."""

    def __init__(self) -> None:
        super().__init__(DOMAIN.image_shape, len(DOMAIN.classes))
        self.first = nn.ConvTranspose2d(5, 6, 4)
        self.norms = nn.ModuleList([ClassNorm(6, 3), ClassNorm(6, 3)])
        self.middle = nn.Conv2d(6, 6, 3, padding=1)
        self.last = nn.ConvTranspose2d(6, 1, 4, 2, 1)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        x = self.norms[0](self.first(z[:, :, None, None]), label).relu()
        x = self.norms[1](self.middle(x), label).relu()
        return self.last(x).tanh()


class Discriminator(Network):
    """Projection: the inner product of the features and the label's embedding is added."""

    def __init__(self) -> None:
        super().__init__(DOMAIN.image_shape, len(DOMAIN.classes))
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(64, 7), nn.ReLU())
        self.last = nn.Linear(7, 1)
        self.embedding = nn.Embedding(3, 7)

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        features = self.features(images)
        return self.last(features).squeeze(1) + (features * self.embedding(label)).sum(1)


class Config(Strict):
    """Nothing to choose."""

    kind: Literal["class_norm"] = "class_norm"


class ClassNormSampler(Sampler):
    """``z`` (N, 5) and ``label`` (N,) -> images."""

    def __init__(self, config: Config, network: nn.Module) -> None:
        super().__init__()
        self.config, self.network, self.domain = config, network, DOMAIN
        self.inputs = {"z": Noise((5,)), "label": Label(DOMAIN.classes, (6, 3, 1))}

    def forward(self, **inputs: Tensor) -> Tensor:
        return self.domain.crop(self.network(**inputs))


def build(content: dict[str, Any], where: str) -> ClassNormSampler:
    return ClassNormSampler(validate(Config, content, where), Generator())


class ClassNormGame(Method):
    """The hinge loss, both sides told the label."""

    logged = ("d_loss", "g_loss")

    def __init__(self) -> None:
        super().__init__()
        self.players = nn.ModuleDict({"generator": Generator(), "discriminator": Discriminator()})

    def turns(self, step: int) -> Sequence[Turn]:
        d_turn = Turn(
            player="discriminator",
            loss=self.d_loss,
            purpose="d_loss",
            new_batch=True,
            records=("generator",),
        )
        return [d_turn, d_turn, Turn(player="generator", loss=self.g_loss, purpose="g_loss")]

    def batches_before(self, step: int) -> int:
        return 2 * step

    def samplers(self) -> dict[str, Sampler]:
        return {"": ClassNormSampler(Config(), self.players["generator"])}

    def d_loss(self, context: Context) -> Loss:
        label = context.batch.label
        inputs = self.samplers()[""].draw_inputs(4, context.stream("latent")) | {"label": label}
        fake = context.shared["fake"] = self.players["generator"](**inputs)
        real_logits = self.players["discriminator"](context.batch.real, label)
        fake_logits = self.players["discriminator"](fake.detach(), label)
        total = (1 - real_logits).relu().mean() + (1 + fake_logits).relu().mean()
        return Loss(total, {"d_loss": total.detach()})

    def g_loss(self, context: Context) -> Loss:
        total = -self.players["discriminator"](context.shared["fake"], context.batch.label).mean()
        return Loss(total, {"g_loss": total.detach()})


def test_a_label_in_every_norm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ganpipe.sampling.samplers.class_norm", sys.modules[__name__])
    check_batches(ClassNormGame)
    state = check_training(ClassNormGame)
    trained = check_weights_files(state, tmp_path, monkeypatch, Discriminator)[""]
    drawn = next(draw(trained.sampler, 6, seed=1, label=2))
    assert drawn.label is not None
    assert drawn.label.tolist() == [2] * 6
    other = next(draw(trained.sampler, 6, seed=1, label=0)).images
    assert not torch.equal(drawn.images, other)
