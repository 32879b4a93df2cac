"""A sketch: a sampler that draws in four passes with noise of its own (DDGAN)."""

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
from ganpipe.sampling.interpolate import interpolate
from ganpipe.sampling.sampler import Noise, Sampler

PASSES = 4
LEVELS = torch.linspace(0, 0.9, PASSES + 1)  # share of noise after each diffusion step


class Denoiser(Network):
    """(N, 1, 8, 8) noisy images, the step (N,) and noise (N, 3) -> clean images."""

    def __init__(self) -> None:
        super().__init__(DOMAIN.image_shape)
        self.steps = nn.Embedding(PASSES, 4)
        self.noise = nn.Linear(3, 4)
        self.first, self.last = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, x: Tensor, step: Tensor, z: Tensor) -> Tensor:
        shift = (self.steps(step) + self.noise(z))[:, :, None, None]
        return self.last((self.first(x) + shift).relu()).tanh()


class Critic(Network):
    """(N, 2, 8, 8) images of two levels of noise, and the step -> logits (N,)."""

    def __init__(self) -> None:
        super().__init__((2, 8, 8))
        self.layers, self.steps = nn.Linear(128, 4), nn.Embedding(PASSES, 4)

    def forward(self, pair: Tensor, step: Tensor) -> Tensor:
        return (self.layers(pair.flatten(1)) * self.steps(step)).sum(1)


class Config(Strict):
    """The number of passes."""

    kind: Literal["four_passes"] = "four_passes"


class ChainSampler(Sampler):
    """``x`` of pure noise, ``z`` and ``noise`` of every pass -> images."""

    def __init__(self, config: Config, network: nn.Module) -> None:
        super().__init__()
        self.config, self.network, self.domain = config, network, DOMAIN
        self.inputs = {
            "x": Noise(DOMAIN.image_shape),
            "z": Noise((PASSES, 3)),
            "noise": Noise((PASSES - 1, *DOMAIN.image_shape)),
        }

    def forward(self, **inputs: Tensor) -> Tensor:
        x, z, noise = (inputs[name] for name in ("x", "z", "noise"))
        for level in reversed(range(PASSES)):
            clean = self.network(x, torch.full((len(x),), level), z[:, level])
            x = diffused(clean, LEVELS[level], noise[:, level - 1]) if level else clean
        return self.domain.crop(x)


def diffused(clean: Tensor, level: Tensor, noise: Tensor) -> Tensor:
    return (1 - level).sqrt() * clean + level.sqrt() * noise


def build(content: dict[str, Any], where: str) -> ChainSampler:
    return ChainSampler(validate(Config, content, where), Denoiser())


class Denoising(Method):
    """Pairs of neighbouring levels of noise, real or generated."""

    logged = ("d_loss", "g_loss")

    def __init__(self) -> None:
        super().__init__()
        self.players = nn.ModuleDict({"generator": Denoiser(), "discriminator": Critic()})

    def turns(self, step: int) -> Sequence[Turn]:
        return [
            Turn(player="discriminator", loss=self.d_loss, purpose="d_loss", new_batch=True),
            Turn(player="generator", loss=self.g_loss, purpose="g_loss", new_batch=True),
        ]

    def batches_before(self, step: int) -> int:
        return 2 * step

    def samplers(self) -> dict[str, Sampler]:
        return {"": ChainSampler(Config(), self.players["generator"])}

    def pairs(self, context: Context) -> tuple[Tensor, Tensor, Tensor]:
        """Real and generated pairs of levels, and their step."""
        clean, rng = context.batch.real, context.rng
        step = torch.randint(0, PASSES, (len(clean),), generator=rng)
        noise = torch.randn((2, *clean.shape), generator=rng)
        low, high = (LEVELS[step + k][:, None, None, None] for k in (0, 1))
        less, more = diffused(clean, low, noise[0]), diffused(clean, high, noise[1])
        made = self.players["generator"](more, step, torch.randn((len(clean), 3), generator=rng))
        again = diffused(made, low, noise[0])
        return torch.cat([less, more], 1), torch.cat([again, more], 1), step

    def d_loss(self, context: Context) -> Loss:
        real, fake, step = self.pairs(context)
        critic = self.players["discriminator"]
        total = nn.functional.softplus(-critic(real, step)).mean()
        total = total + nn.functional.softplus(critic(fake.detach(), step)).mean()
        return Loss(total, {"d_loss": total.detach()})

    def g_loss(self, context: Context) -> Loss:
        _, fake, step = self.pairs(context)
        total = nn.functional.softplus(-self.players["discriminator"](fake, step)).mean()
        return Loss(total, {"g_loss": total.detach()})


def test_four_passes_with_their_own_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ganpipe.sampling.samplers.four_passes", sys.modules[__name__])
    check_batches(Denoising)
    state = check_training(Denoising)
    trained = check_weights_files(state, tmp_path, monkeypatch, Critic)[""]
    calls: list[int] = []
    trained.sampler.network.register_forward_hook(lambda *_: calls.append(1))
    path = interpolate(trained, rows=2, steps=3, seed=0)
    assert path.shape == (6, 1, DOMAIN.native_size, DOMAIN.native_size)
    assert len(calls) == PASSES
