from __future__ import annotations

import copy

import pytest
import torch
from helpers.support import SHIPPED, first_moment, small_model, spec_of

from ganpipe.data.loading.batches import Batch
from ganpipe.methods.build import build_method
from ganpipe.methods.method import Moment
from ganpipe.training.loop import frozen

START = Moment(step=0, update=0, progress=0.0)


def a_batch(size: int = 32, channels: int = 1) -> Batch:
    real = torch.rand(8, channels, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return Batch(real, torch.arange(8) % 2)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", SHIPPED.models)
def test_each_side_moves_alone(name: str) -> None:
    method = build_method(small_model(name), spec_of(), seed=0).train()
    batch = a_batch()
    fakes = method.generate(batch, rng())

    def after_step(nets: torch.nn.Module, loss: torch.Tensor) -> dict[str, torch.Tensor]:
        before = copy.deepcopy(method.state_dict())
        optimizer = torch.optim.SGD(nets.parameters(), lr=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {
            name: value
            for name, value in method.state_dict().items()
            if not torch.equal(value, before[name])
        }

    changed = after_step(method.d_nets, method.d_loss(batch, fakes, rng(), START).total)
    assert changed
    assert all(name.startswith("d_nets.") for name in changed)
    with frozen(method.d_nets):
        changed = after_step(
            method.g_nets, method.g_loss(batch, fakes, rng(), first_moment(method)).total
        )
    assert changed
    assert all(name.startswith("g_nets.") for name in changed)


@pytest.mark.parametrize("name", SHIPPED.models)
def test_losses_log_what_the_curve_needs(name: str) -> None:
    method = build_method(small_model(name), spec_of(), seed=0)
    batch = a_batch()
    fakes = method.generate(batch, rng())
    parts = (
        method.d_loss(batch, fakes, rng(), START).parts
        | method.g_loss(batch, fakes, rng(), first_moment(method)).parts
    )
    assert {"d_loss", "d_real", "d_fake", "g_loss"} <= parts.keys()
    assert not any(value.requires_grad for value in parts.values())


def test_one_pass_over_both_batches_gives_what_two_passes_give() -> None:
    method = build_method(small_model("mlp"), spec_of(), seed=0)
    batch = a_batch()
    fakes = method.generate(batch, rng())
    assert not method.separate_passes
    once = method.d_loss(batch, fakes, rng(), START).total
    method.separate_passes = True
    assert torch.allclose(once, method.d_loss(batch, fakes, rng(), START).total, atol=1e-6)


def test_batch_norm_never_sees_real_and_generated_images_together() -> None:
    assert build_method(small_model("dcgan"), spec_of(), seed=0).separate_passes


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


def test_latent_noise_has_its_distribution() -> None:
    config = SHIPPED.models["mlp"]
    normal = build_method(config, spec_of(), 0).inputs(500, rng())["z"]
    uniform = build_method(config.model_copy(update={"latent": "uniform"}), spec_of(), 0).inputs(
        500, rng()
    )["z"]
    assert normal.shape == (500, config.latent_dim)
    assert normal.std().item() == pytest.approx(1, abs=0.02)
    assert uniform.abs().max() <= 1
    assert uniform.std().item() == pytest.approx(3**-0.5, abs=0.02)
