from __future__ import annotations

import copy

import pytest
import torch
from helpers.games import context, d_loss, g_loss, generated
from helpers.support import ADVERSARIAL, small_model, spec_of

from ganpipe.data.loading.batches import Batch
from ganpipe.methods.build import build_method
from ganpipe.methods.method import Loss
from ganpipe.training.loop import frozen


def a_batch(size: int = 32, channels: int = 1) -> Batch:
    real = torch.rand(8, channels, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return Batch(real, torch.arange(8) % 2)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_each_side_moves_alone(name: str) -> None:
    method = build_method(small_model(name), spec_of(), seed=0).train()
    batch = a_batch()
    fake = generated(method, batch)

    def after_step(player: str, loss: Loss) -> set[str]:
        before = copy.deepcopy(method.state_dict())
        optimizer = torch.optim.SGD(method.players[player].parameters(), lr=0.1)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        after = method.state_dict()
        return {name for name, value in after.items() if not torch.equal(value, before[name])}

    changed = after_step("discriminator", d_loss(method, batch, fake))
    assert changed
    assert all(name.startswith("players.discriminator.") for name in changed)
    with frozen(method.players, besides={"generator"}):
        changed = after_step("generator", g_loss(method, batch, fake))
    assert changed
    assert all(name.startswith("players.generator.") for name in changed)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_losses_log_what_the_curve_needs(name: str) -> None:
    method = build_method(small_model(name), spec_of(), seed=0)
    batch = a_batch()
    fake = generated(method, batch)
    parts = d_loss(method, batch, fake).parts | g_loss(method, batch, fake).parts
    assert {"d_loss", "d_real", "d_fake", "g_loss"} <= parts.keys()
    assert parts.keys() <= set(method.logged)
    assert not any(value.requires_grad for value in parts.values())


def test_one_pass_over_both_batches_gives_what_two_passes_give() -> None:
    method = build_method(small_model("mlp"), spec_of(), seed=0)
    batch = a_batch()
    fake = generated(method, batch)
    assert not method.judge.separate_passes
    once = d_loss(method, batch, fake).total
    method.judge.separate_passes = True
    assert torch.allclose(once, d_loss(method, batch, fake).total, atol=1e-6)


def test_batch_norm_never_sees_real_and_generated_images_together() -> None:
    assert build_method(small_model("dcgan"), spec_of(), seed=0).judge.separate_passes


def test_weights_depend_on_the_seed_and_leave_the_global_stream_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second, other = (
        build_method(small_model("dcgan"), spec_of(), seed).state_dict() for seed in (0, 0, 1)
    )
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_the_generators_turn_sees_the_images_of_the_last_discriminator_turn() -> None:
    method = build_method(small_model("toy_mlp"), spec_of(), seed=0)
    shared: dict[str, torch.Tensor] = {}
    shown: list[torch.Tensor] = []
    for _ in range(2):
        method.d_loss(context(method, a_batch(), shared=shared))
    last = shared["fake"]
    method.discriminator.register_forward_pre_hook(lambda _, x: shown.append(x[0]))
    method.g_loss(context(method, a_batch(), shared=shared))
    assert len(shown) == 1
    assert shown[0] is last
