"""The denoising diffusion GAN against naive code: its losses, its order of play, its penalty."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from helpers.games import SHORT, begin, context, rng
from helpers.support import small_model, spec_of
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.data.loading.batches import Batch
from ganpipe.methods.build import build_method
from ganpipe.methods.configs.ddgan import DDGANConfig
from ganpipe.methods.ddgan import DDGAN
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.diffusion import schedule
from ganpipe.training.loop import train_step

STEPS = [1, 2, 4]


def config(**fields: Any) -> DDGANConfig:
    content = small_model("ddgan").model_dump(mode="json")
    return validate(DDGANConfig, content | {"steps": 4} | fields, "a test")


def method(**fields: Any) -> DDGAN:
    """The method with weights away from their start, where D has no opinion."""
    built: Any = build_method(config(**fields), spec_of(), seed=0)
    stream = rng(7)
    with torch.no_grad():
        for weight in built.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=stream)
    return built


def a_batch(count: int = 8) -> Batch:
    return Batch(torch.rand(count, 1, 32, 32, generator=rng(1)) * 2 - 1)


class Naive:
    """One draw of pairs and the losses on them, image by image, by the formulas of the papers."""

    def __init__(self, game: Any, images: Tensor, stream: torch.Generator, steps: int) -> None:
        self.g, self.d = game["generator"], game["discriminator"]
        count = len(images)
        self.t = torch.randint(steps, (count,), generator=stream)
        noise = torch.randn((2, *images.shape), generator=stream)
        z = torch.randn((count, 8), generator=stream)
        last = torch.randn(images.shape, generator=stream)
        left = [1.0]  # of the variance of the image, by the published betas
        for step in schedule(steps):
            left.append(left[-1] * (1 - step.added**2))
        less, more, made = [], [], []
        for i, t in enumerate(self.t.tolist()):
            less.append(math.sqrt(left[t]) * images[i] + math.sqrt(1 - left[t]) * noise[0, i])
            beta = 1 - left[t + 1] / left[t]
            more.append(math.sqrt(1 - beta) * less[-1] + math.sqrt(beta) * noise[1, i])
        self.less, self.more = torch.stack(less), torch.stack(more)
        clean = self.g(self.more, self.t, z)
        for i, t in enumerate(self.t.tolist()):
            beta, after = 1 - left[t + 1] / left[t], 1 - left[t + 1]
            mean = beta * math.sqrt(left[t]) * clean[i]
            mean = mean + (1 - left[t]) * math.sqrt(1 - beta) * self.more[i]
            deviation = math.sqrt(beta * (1 - left[t]) / after)
            made.append(mean / after + deviation * last[i])
        self.made = torch.stack(made)

    def logits(self, less: Tensor) -> Tensor:
        verdicts: Tensor = self.d(torch.cat([less, self.more], 1), self.t)
        return verdicts

    def d_loss(self) -> Tensor:
        on_real, on_fake = self.logits(self.less), self.logits(self.made.detach())
        return -on_real.sigmoid().log().mean() - (1 - on_fake.sigmoid()).log().mean()

    def g_loss(self) -> Tensor:
        return -self.logits(self.made).sigmoid().log().mean()

    def r1(self) -> Tensor:
        """0.02 / 2 of the mean squared norm."""
        points = self.less.clone().requires_grad_()
        (slope,) = torch.autograd.grad(self.logits(points).sum(), points, create_graph=True)
        return 0.01 * torch.stack([each.square().sum() for each in slope]).mean()


@pytest.mark.parametrize("steps", STEPS)
def test_losses_are_the_papers(steps: int) -> None:
    game, batch = method(steps=steps), a_batch()
    naive = Naive(game.players, batch.real, rng(), steps)
    d = game.d_loss(context(game, batch, update=1))
    g = game.g_loss(context(game, batch))
    torch.testing.assert_close(d.total, naive.d_loss())
    torch.testing.assert_close(g.total, naive.g_loss())
    on_real, on_fake = (naive.logits(each).sigmoid().mean() for each in (naive.less, naive.made))
    torch.testing.assert_close(d.parts["d_real"], on_real.detach())
    torch.testing.assert_close(d.parts["d_fake"], on_fake.detach())
    assert d.total > 0.1
    assert set(d.parts | g.parts) == set(game.logged) - {"penalty"}


def test_r1_comes_at_every_15th_update_and_is_not_multiplied() -> None:
    game, batch = method(), a_batch()
    naive = Naive(game.players, batch.real, rng(), 4)
    for update in (0, 1, 14, 15, 16, 30):
        loss = game.d_loss(context(game, batch, update=update))
        expected = naive.d_loss()
        if update in (0, 15, 30):
            torch.testing.assert_close(loss.parts["penalty"], naive.r1().detach())
            expected = expected + naive.r1()
            assert naive.r1() > 1e-4
        else:
            assert "penalty" not in loss.parts
        torch.testing.assert_close(loss.total, expected)
    loss = method(r1=0.0).d_loss(context(game, batch))
    assert "penalty" not in loss.parts


def test_its_weight_may_follow_a_schedule() -> None:
    game = method(r1={"start": 0.04, "end": 0.0})
    penalties = [
        float(game.d_loss(context(game, a_batch(), progress=progress)).parts["penalty"])
        for progress in (0.0, 0.5)
    ]
    assert penalties[1] == pytest.approx(penalties[0] / 2, rel=1e-5)


def test_two_steps_are_those_of_a_naive_loop() -> None:
    """D, then G on the same images with steps and noise of its own, both by Adam."""
    state, batches = begin("ddgan")
    with torch.no_grad():
        for weight in state.method.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=rng(7))
    players = copy.deepcopy(state.method.players)
    shipped = small_model("ddgan").optimizer
    adams = {}
    for name, player in players.items():
        lr = getattr(shipped, name).lr
        adams[name] = torch.optim.Adam(player.parameters(), lr=lr.start, betas=(0.5, 0.9))
    total = SHORT.epochs * batches.per_epoch
    for step in range(2):
        images = batches.at(step).real
        for name in players:
            lr = getattr(shipped, name).lr
            left = (1 + math.cos(math.pi * step / total)) / 2
            adams[name].param_groups[0]["lr"] = lr.end + (lr.start - lr.end) * left
        for name, purpose in (("discriminator", "d_loss"), ("generator", "g_loss")):
            naive = Naive(players, images, make_rng("cpu", 0, purpose, step), 2)
            loss = naive.g_loss() if name == "generator" else naive.d_loss()
            if name == "discriminator" and step == 0:
                loss = loss + naive.r1()
            adams[name].zero_grad()
            loss.backward()
            adams[name].step()
        train_step(state, batches, SHORT)
        for (name, weight), other in zip(
            state.method.players.named_parameters(), players.parameters(), strict=True
        ):
            torch.testing.assert_close(weight, other, atol=2e-4, rtol=0, msg=name)


def test_each_turn_draws_for_itself_and_sees_the_same_images() -> None:
    game = method()
    seen: dict[str, list[Tensor]] = {"generator": [], "discriminator": []}
    for name, player in game.players.items():
        player.register_forward_pre_hook(lambda _, inputs, name=name: seen[name].append(inputs[0]))
    turns = game.turns(0)
    assert [(turn.player, turn.new_batch) for turn in turns] == [
        ("discriminator", True),
        ("generator", False),
    ]
    assert len({turn.purpose for turn in turns}) == 2
    game.d_loss(context(game, a_batch(), update=1))
    assert len(seen["generator"]) == 1
    assert len(seen["discriminator"]) == 2  # real and generated pairs in passes of their own
    real, made = seen["discriminator"]
    assert torch.equal(real[:, 1], made[:, 1])
    assert torch.equal(real[:, 1:], seen["generator"][0])


def test_bf16_losses_are_those_of_fp32() -> None:
    game, batch = method(), a_batch()
    exact = {**game.d_loss(context(game, batch)).parts, **game.g_loss(context(game, batch)).parts}
    with torch.autocast("cpu", torch.bfloat16):
        d, g = game.d_loss(context(game, batch)), game.g_loss(context(game, batch))
    assert d.total.dtype == g.total.dtype == torch.float32
    for name, value in {**d.parts, **g.parts}.items():
        assert float(value) == pytest.approx(float(exact[name]), rel=0.05, abs=0.01), name
    assert float(d.parts["penalty"]) != 0


def test_images_that_the_network_cannot_halve_are_refused() -> None:
    with pytest.raises(GanpipeError, match="images of 28 pixels cannot be halved 3 times"):
        build_method(
            config(generator={**config().generator.model_dump(), "multipliers": [1, 1, 1, 1]}),
            spec_of(28),
            0,
        )
