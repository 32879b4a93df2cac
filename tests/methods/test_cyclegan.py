"""CycleGAN: its losses against plain formulas, its pools, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from helpers.games import SHORT, begin, context, rng
from helpers.support import small_model
from helpers.translating import pair_batch, pairs_of
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.methods.build import build_method
from ganpipe.methods.configs.cyclegan import CycleGANConfig
from ganpipe.methods.cyclegan import CycleGAN
from ganpipe.training.loop import train_step
from ganpipe.training.state import load_state_dict, state_dict


def config(**fields: Any) -> CycleGANConfig:
    content = small_model("cyclegan").model_dump(mode="json")
    return validate(CycleGANConfig, content | fields, "a test")


def method(spec: Any = None, **fields: Any) -> CycleGAN:
    built: Any = build_method(config(**fields), spec or pairs_of(paired=False), seed=0)
    return built


def square(logits: Tensor, label: float) -> Tensor:
    return F.mse_loss(logits, torch.full_like(logits, label))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("identity", [0.0, 0.5])
def test_losses_are_the_papers(identity: float, count: int) -> None:
    game = method(cycle=10.0, identity=identity, image_pool=0)
    batch = pair_batch(pairs_of(), count)
    a, b = batch.source, batch.real
    assert a is not None
    there, back = (game.players["generator"][name] for name in ("a_to_b", "b_to_a"))
    on_a, on_b = (game.players["discriminator"][name] for name in "ab")
    now = context(game, batch)
    g = game.g_loss(now)
    expected = square(on_b(there(a)), 1) + square(on_a(back(b)), 1)
    expected = expected + 10 * F.l1_loss(back(there(a)), a) + 10 * F.l1_loss(there(back(b)), b)
    if identity:
        expected = expected + 5 * F.l1_loss(there(b), b) + 5 * F.l1_loss(back(a), a)
    torch.testing.assert_close(g.total, expected)
    d = game.d_loss(now)
    expected = square(on_a(a), 1) + square(on_a(back(b)), 0)
    expected = (expected + square(on_b(b), 1) + square(on_b(there(a)), 0)) / 2
    torch.testing.assert_close(d.total, expected)
    assert set(g.parts | d.parts) == set(game.logged) - ({"identity"} if not identity else set())


def test_generators_move_first_and_discriminators_see_what_they_made() -> None:
    game = method()
    assert [turn.player for turn in game.turns(0)] == ["generator", "discriminator"]
    assert [turn.new_batch for turn in game.turns(0)] == [True, False]
    now = context(game, pair_batch(pairs_of()))
    game.g_loss(now)
    assert all(not images.requires_grad for images in now.shared["fake"].values())
    game.d_loss(now)
    for side, pool in game.pools.items():
        assert pool.count == 3
        assert torch.equal(pool.images[:3], now.shared["fake"][side])


def test_both_discriminators_see_their_own_pool() -> None:
    game = method(image_pool=3)
    old = {side: torch.rand(3, 1, 32, 32, generator=rng(k)) for k, side in enumerate("ab")}
    for side, pool in game.pools.items():
        pool.images.copy_(old[side])
        pool.count.fill_(3)
    now = context(game, pair_batch(pairs_of(), 4))
    game.g_loss(now)
    seen: dict[str, list[Tensor]] = {side: [] for side in "ab"}
    for side, discriminator in game.players["discriminator"].items():
        discriminator.register_forward_pre_hook(
            lambda _, given, side=side: seen[side].append(given[0])
        )
    game.d_loss(now)
    for side in "ab":
        _, fake = seen[side]
        new = now.shared["fake"][side]
        known = [*old[side], *new]
        assert all(any(torch.equal(image, each) for each in known) for image in fake)
        assert not torch.equal(fake, new)


def test_pools_that_are_half_full_go_on_bit_for_bit() -> None:
    whole, batches = begin("cyclegan")
    for _ in range(4):
        train_step(whole, batches, SHORT)
    first, _ = begin("cyclegan")
    train_step(first, batches, SHORT)
    assert [int(pool.count) for pool in first.method.pools.values()] == [8, 8]  # of 10
    second, _ = begin("cyclegan")
    load_state_dict(second, state_dict(first))
    for _ in range(3):
        train_step(second, batches, SHORT)
    expected, found = whole.method.state_dict(), second.method.state_dict()
    assert any(name.startswith("pools.a.images") for name in expected)
    assert all(torch.equal(value, found[name]) for name, value in expected.items())


def test_each_direction_has_its_sampler() -> None:
    game = method(pairs_of(28, 1, 3, paired=False))
    samplers = game.samplers()
    assert list(samplers) == ["", "b_to_a"]
    assert samplers[""](input=torch.zeros(2, 3, 28, 28)).shape == (2, 1, 28, 28)
    assert samplers["b_to_a"](input=torch.zeros(2, 1, 28, 28)).shape == (2, 3, 28, 28)
    assert samplers[""].network is game.players["generator"]["a_to_b"]


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize(("source", "target"), [(1, 1), (1, 3), (3, 1)])
def test_sizes_and_channels_in_batches_of_one(size: int, source: int, target: int) -> None:
    spec = pairs_of(size, target, source, paired=False)
    game = method(spec)
    now = context(game, pair_batch(spec, 1))
    assert game.g_loss(now).total.isfinite()
    assert game.d_loss(now).total.isfinite()
    assert [len(pool.images[: int(pool.count)]) for pool in game.pools.values()] == [1, 1]


def test_the_identity_loss_needs_equal_channels() -> None:
    with pytest.raises(GanpipeError, match="set the model's identity to 0"):
        method(pairs_of(28, 1, 3), identity=0.5)


@pytest.mark.parametrize("name", ["cyclegan", "pix2pix"])
def test_blank_images_train_in_bf16(name: str) -> None:
    """Instance norm of a blank image amplifies its gradients by the root of 1 / epsilon, 316."""
    state, batches = begin(name)
    batches.images.fill_(0)
    assert batches.sources is not None
    batches.sources.fill_(255)
    for _ in range(5):
        parts = train_step(state, batches, SHORT.model_copy(update={"precision": "bf16"}))
        assert all(value.isfinite() for value in parts.values())
    assert all(weight.isfinite().all() for weight in state.method.parameters())
