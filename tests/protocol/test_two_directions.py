"""A sketch: two generators, two discriminators, image pools, pictures as input (CycleGAN)."""

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
from ganpipe.sampling.sampler import Picture, Sampler

POOL = 5  # images, so that a batch of 4 fills it in its second step


class Translator(Network):
    """(N, 1, 8, 8) -> (N, 1, 8, 8)."""

    def __init__(self) -> None:
        super().__init__(DOMAIN.image_shape)
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.InstanceNorm2d(4), nn.ReLU(), nn.Conv2d(4, 1, 1)
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.layers(input).tanh()


class Patches(Network):
    """(N, 1, 8, 8) -> (N, 1, 4, 4) logits of patches."""

    def __init__(self) -> None:
        super().__init__(DOMAIN.image_shape)
        self.layers = nn.Conv2d(1, 1, 4, 2, 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class Pool(nn.Module):
    """The last generated images, half of which a discriminator sees in place of new ones."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(POOL, *DOMAIN.image_shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def exchange(self, new: Tensor, rng: torch.Generator) -> Tensor:
        shown = []
        for image in new:
            if self.count < POOL:
                self.images[int(self.count)] = image
                self.count += 1
                shown.append(image)
            elif torch.rand((), generator=rng) < 0.5:
                place = int(torch.randint(0, POOL, (), generator=rng))
                shown.append(self.images[place].clone())
                self.images[place] = image
            else:
                shown.append(image)
        return torch.stack(shown)


class Config(Strict):
    """Which way it goes is a matter of the weights."""

    kind: Literal["translate"] = "translate"


class TranslatorSampler(Sampler):
    """``input`` (N, 1, 8, 8) -> images."""

    def __init__(self, config: Config, network: nn.Module) -> None:
        super().__init__()
        self.config, self.network, self.domain = config, network, DOMAIN
        self.inputs = {"input": Picture(DOMAIN)}

    def forward(self, **inputs: Tensor) -> Tensor:
        return self.domain.crop(self.network(**inputs))


def build(content: dict[str, Any], where: str) -> TranslatorSampler:
    return TranslatorSampler(validate(Config, content, where), Translator())


class TwoDirections(Method):
    """Least squares, cycle consistency, one turn for both generators and one for both critics."""

    logged = ("g_loss", "d_loss")

    def __init__(self) -> None:
        super().__init__()
        generators = nn.ModuleDict({"a_to_b": Translator(), "b_to_a": Translator()})
        discriminators = nn.ModuleDict({"a": Patches(), "b": Patches()})
        self.players = nn.ModuleDict({"generators": generators, "discriminators": discriminators})
        self.pools = nn.ModuleDict({"a": Pool(), "b": Pool()})

    def turns(self, step: int) -> Sequence[Turn]:
        return [
            Turn(player="generators", loss=self.g_loss, purpose="g_loss", new_batch=True),
            Turn(player="discriminators", loss=self.d_loss, purpose="d_loss"),
        ]

    def batches_before(self, step: int) -> int:
        return step

    def samplers(self) -> dict[str, Sampler]:
        return {
            name: TranslatorSampler(Config(), network)
            for name, network in self.players["generators"].items()
        }

    def g_loss(self, context: Context) -> Loss:
        nets, critics = self.players["generators"], self.players["discriminators"]
        a, b = context.batch.source, context.batch.real
        fake = {"b": nets["a_to_b"](a), "a": nets["b_to_a"](b)}
        context.shared["fake"] = {name: images.detach() for name, images in fake.items()}
        total = sum((critics[name](images) - 1).square().mean() for name, images in fake.items())
        total = total + 10 * (nets["b_to_a"](fake["b"]) - a).abs().mean()
        total = total + 10 * (nets["a_to_b"](fake["a"]) - b).abs().mean()
        return Loss(total, {"g_loss": total.detach()})

    def d_loss(self, context: Context) -> Loss:
        real = {"a": context.batch.source, "b": context.batch.real}
        total = torch.zeros(())
        for name, critic in self.players["discriminators"].items():
            fake = self.pools[name].exchange(context.shared["fake"][name], context.rng)
            total = total + (critic(real[name]) - 1).square().mean() + critic(fake).square().mean()
        return Loss(total, {"d_loss": total.detach()})


def test_two_directions_with_pools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ganpipe.sampling.samplers.translate", sys.modules[__name__])
    check_batches(TwoDirections)
    state = check_training(TwoDirections)
    assert state.method.pools["a"].count == POOL  # half full at the checkpoint, full by now
    assert set(state.averages) == {"a_to_b", "b_to_a"}
    pictures = {"input": torch.rand(6, 1, 8, 8) * 2 - 1}
    loaded = check_weights_files(state, tmp_path, monkeypatch, Patches, given=pictures)
    first, second = (each.sampler(**pictures) for each in loaded.values())
    assert not torch.equal(first, second)
