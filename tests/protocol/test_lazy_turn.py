"""A sketch: a lazy turn of the generator and a running mean in a buffer (StyleGAN2)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from protocol.harness import DOMAIN, STEPS, check_batches, check_training, check_weights_files
from torch import Tensor, nn

from ganpipe.core.schema import Strict, validate
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.networks.network import Network
from ganpipe.sampling.sampler import Noise, Sampler

EVERY = 3  # steps between turns of the path length


class Generator(Network):
    """(N, 5) -> w (N, 6) -> (N, 1, 8, 8); remembers the mean of w for truncation."""

    def __init__(self) -> None:
        super().__init__(DOMAIN.image_shape)
        self.mapping, self.synthesis = nn.Linear(5, 6), nn.Linear(6, 64)
        self.register_buffer("mean_w", torch.zeros(6))

    def forward(self, z: Tensor) -> Tensor:
        w = self.mapping(z)
        if self.training:
            with torch.no_grad():
                self.mean_w.lerp_(w.mean(0), 0.1)
        return self.draw(w)

    def draw(self, w: Tensor) -> Tensor:
        return self.synthesis(w).tanh().view(-1, 1, 8, 8)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The mapping learns at a hundredth of the rate."""
        slow = {"params": list(self.mapping.parameters()), "lr_scale": 0.01}
        return [slow, {"params": list(self.synthesis.parameters())}]


class Discriminator(Network):
    """(N, 1, 8, 8) -> (N,)."""

    def __init__(self) -> None:
        super().__init__(DOMAIN.image_shape)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).squeeze(1)


class Config(Strict):
    """Nothing to choose."""

    kind: Literal["style"] = "style"


class StyleSampler(Sampler):
    """``z`` (N, 5) -> images."""

    def __init__(self, config: Config, network: nn.Module) -> None:
        super().__init__()
        self.config, self.network, self.domain = config, network, DOMAIN
        self.inputs = {"z": Noise((5,))}

    def forward(self, **inputs: Tensor) -> Tensor:
        return self.domain.crop(self.network(**inputs))


def build(content: dict[str, Any], where: str) -> StyleSampler:
    return StyleSampler(validate(Config, content, where), Generator())


class LazyGame(Method):
    """The non-saturating game, and every third step a turn of the path length."""

    logged = ("d_loss", "g_loss", "path_length")

    def __init__(self) -> None:
        super().__init__()
        self.players = nn.ModuleDict({"generator": Generator(), "discriminator": Discriminator()})
        self.register_buffer("mean_length", torch.zeros(()))
        self.register_buffer("turns_played", torch.zeros((), dtype=torch.int64))

    def turns(self, step: int) -> Sequence[Turn]:
        return [
            Turn(player="discriminator", loss=self.d_loss, purpose="d_loss", new_batch=True),
            Turn(player="generator", loss=self.g_loss, purpose="g_loss"),
            Turn(
                player="generator",
                loss=self.path_length,
                purpose="path length",
                every=EVERY,
                extra=True,
                after=self.remember,
            ),
        ]

    def batches_before(self, step: int) -> int:
        return step

    def samplers(self) -> dict[str, Sampler]:
        return {"": StyleSampler(Config(), self.players["generator"])}

    def d_loss(self, context: Context) -> Loss:
        fake = self.players["generator"](torch.randn((4, 5), generator=context.rng))
        critic = self.players["discriminator"]
        total = nn.functional.softplus(-critic(context.batch.real)).mean()
        total = total + nn.functional.softplus(critic(fake.detach())).mean()
        return Loss(total, {"d_loss": total.detach()})

    def g_loss(self, context: Context) -> Loss:
        fake = self.players["generator"](torch.randn((4, 5), generator=context.rng))
        total = nn.functional.softplus(-self.players["discriminator"](fake)).mean()
        return Loss(total, {"g_loss": total.detach()})

    def path_length(self, context: Context) -> Loss:
        generator: Any = self.players["generator"]
        w = generator.mapping(torch.randn((4, 5), generator=context.rng))
        noise = torch.randn((4, 1, 8, 8), generator=context.rng)
        (gradient,) = torch.autograd.grad((generator.draw(w) * noise).sum(), w, create_graph=True)
        lengths = gradient.norm(dim=1)
        total = EVERY * (lengths - self.mean_length).square().mean()
        return Loss(total, {"path_length": lengths.mean().detach()})

    def remember(self, context: Context, loss: Loss) -> None:
        self.mean_length.lerp_(loss.parts["path_length"], 0.5)
        self.turns_played += 1


def test_a_lazy_turn_and_a_running_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ganpipe.sampling.samplers.style", sys.modules[__name__])
    check_batches(LazyGame)
    state = check_training(LazyGame)
    method = state.method
    assert method.turns_played == len(range(0, STEPS, EVERY))
    assert method.mean_length > 0
    rates = [group["lr"] for group in state.optimizers["generator"].param_groups]
    assert rates == pytest.approx([0.01 * 0.01 * EVERY / (EVERY + 1), 0.01 * EVERY / (EVERY + 1)])
    trained = check_weights_files(state, tmp_path, monkeypatch, Discriminator)[""]
    mean_w = trained.sampler.network.mean_w
    assert torch.equal(mean_w, method.players["generator"].mean_w)  # copied, not averaged
