"""The bits of a run, its budget, and its moving average."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers.games import SHORT, begin, set_schedule
from helpers.support import SHIPPED

from ganpipe.core.schema import NonNegativeSchedule, ProbabilitySchedule
from ganpipe.training.loop import total_steps, train, train_step
from ganpipe.training.state import State


def weights(state: State) -> dict[str, torch.Tensor]:
    own = {f"method.{name}": value for name, value in state.method.state_dict().items()}
    averages = {
        f"average {name}.{key}": value
        for name, average in state.averages.items()
        for key, value in average.state_dict().items()
    }
    return own | averages


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.mark.parametrize("name", SHIPPED.models)
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    results = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(results))  # whatever the global stream held before
        state, batches = begin(name, seed=seed)
        for _ in range(3):
            parts = train_step(state, batches, SHORT)
        assert all(torch.isfinite(value) for value in parts.values())
        results.append(weights(state))
    assert same(results[0], results[1])
    assert not same(results[0], results[2])


def test_bf16_trains_and_keeps_fp32_weights() -> None:
    config = SHORT.model_copy(update={"precision": "bf16"})
    state, batches = begin("dcgan", config=config)
    exact, _ = begin("dcgan")
    for _ in range(2):
        train_step(state, batches, config)
        train_step(exact, batches, SHORT)
    assert all(p.dtype == torch.float32 for p in state.method.parameters())
    pairs = zip(state.method.parameters(), exact.method.parameters(), strict=True)
    differences = [(a - b).abs().max().item() for a, b in pairs]
    assert 0 < max(differences) < 0.01


def test_bf16_uses_the_weights_of_the_update_before() -> None:
    """Autocast caches converted weights; a stale cache would repeat the first loss."""
    config = SHORT.model_copy(update={"precision": "bf16"})
    fast = SHIPPED.optimizer.model_copy(update={"lr": 0.05})
    state, batches = begin("mlp", config=config)
    state.settings = state.settings | {"discriminator": fast}
    first = batches.at(0)
    batches.at = lambda index: first  # type: ignore[method-assign]
    losses = [float(train_step(state, batches, config)["d_loss"]) for _ in range(3)]
    assert losses[2] < losses[0] - 0.1


def test_the_moving_average_follows_its_recurrence() -> None:
    config = SHORT.model_copy(update={"ema_decay": 0.9, "ema_ramp": 0.0})
    state, batches = begin("mlp", config=config)
    expected = next(state.averages[""].parameters()).clone()
    for _ in range(4):
        train_step(state, batches, config)
        expected = (
            0.9 * expected + 0.1 * next(state.method.players["generator"].parameters()).detach()
        )
    assert torch.allclose(next(state.averages[""].parameters()), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["dcgan", "mlp"])
def test_without_average_the_last_weights_are_kept(name: str) -> None:
    config = SHORT.model_copy(update={"ema_decay": 0.0})
    state, batches = begin(name, config=config)
    train_step(state, batches, config)
    last = state.method.players["generator"].state_dict()
    kept = state.averages[""].network.state_dict()
    assert last.keys() == kept.keys()
    assert all(torch.equal(value, last[key]) for key, value in kept.items())


def test_an_epoch_is_a_pass_of_the_discriminator() -> None:
    state, batches = begin("mlp")
    assert total_steps(state, batches, SHORT) == 2 * 48 // 8
    set_schedule(state.method, n_critic=5)
    assert total_steps(state, batches, SHORT) == 2 * 48 // 8 // 5
    seen: list[int] = []
    train(state, batches, SHORT, lambda state, parts: seen.append(state.step))
    assert seen == [1, 2]


def test_each_discriminator_update_has_its_own_batch_and_noise() -> None:
    state, batches = begin("mlp")
    method: Any = state.method
    set_schedule(method, n_critic=3)
    asked: list[int] = []
    at = batches.at
    batches.at = lambda index: asked.append(index) or at(index)  # type: ignore[method-assign,func-returns-value]
    noise: list[torch.Tensor] = []
    method.players["generator"].register_forward_pre_hook(
        lambda _, unnamed, named: noise.append(named["z"]), with_kwargs=True
    )
    train_step(state, batches, SHORT)
    train_step(state, batches, SHORT)
    assert asked == [0, 1, 2, 3, 4, 5]
    assert len({tuple(z.flatten().tolist()) for z in noise}) == 6


def test_the_average_ramps_up() -> None:
    """Its half-life is at most a twentieth of the updates, so the first replaces all of it."""
    config = SHORT.model_copy(update={"ema_decay": 0.999, "ema_ramp": 0.05})
    state, batches = begin("mlp")
    train_step(state, batches, config)
    for average, weight in zip(
        state.averages[""].parameters(),
        state.method.players["generator"].parameters(),
        strict=True,
    ):
        assert torch.allclose(average, weight, atol=1e-6)


def test_statistics_of_batch_norm_are_averaged_with_the_weights() -> None:
    config = SHORT.model_copy(update={"ema_decay": 0.9, "ema_ramp": 0.0})
    state, batches = begin("dcgan")
    average = state.averages[""].network
    name = next(key for key in average.state_dict() if key.endswith("running_mean"))
    expected = average.state_dict()[name].clone()
    for _ in range(3):
        train_step(state, batches, config)
        expected = 0.9 * expected + 0.1 * state.method.players["generator"].state_dict()[name]
    assert torch.allclose(average.state_dict()[name], expected, atol=1e-6)


def test_both_optimizers_follow_their_schedules() -> None:
    changes = {
        "lr": NonNegativeSchedule(start=0.012, end=0.0),
        "beta2": ProbabilitySchedule(start=0.9, end=0.6),
    }
    default = SHIPPED.optimizer.model_copy(update=changes)
    state, batches = begin("toy_mlp", default=default)
    total = total_steps(state, batches, SHORT)
    for step in range(3):
        train_step(state, batches, SHORT)
        for optimizer in state.optimizers.values():
            (group,) = optimizer.param_groups
            assert group["lr"] == pytest.approx(0.012 * (1 - step / total))
            assert group["betas"] == pytest.approx((0.5, 0.9 - 0.3 * step / total))


def test_the_average_follows_its_schedule() -> None:
    """It equals the weights until the share of the run at which its decay jumps."""
    jump = {"begin": 2 / 12, "until": 2 / 12}
    decay = ProbabilitySchedule(start=0.0, end=0.9, **jump)
    config = SHORT.model_copy(update={"ema_decay": decay, "ema_ramp": 0.0})
    state, batches = begin("mlp", config=config)
    assert total_steps(state, batches, config) == 12
    expected = torch.zeros(())
    for step in range(5):
        train_step(state, batches, config)
        weight = next(state.method.players["generator"].parameters()).detach()
        expected = weight.clone() if step < 2 else 0.9 * expected + 0.1 * weight
        assert torch.allclose(next(state.averages[""].parameters()), expected, atol=1e-6)


def test_the_budget_holds_with_a_warm_up() -> None:
    state, batches = begin("toy_mlp")
    set_schedule(state.method, n_critic=5, critic_warmup=True)
    for epochs in (1, 50, 416, 417, 418, 1000):
        config = SHORT.model_copy(update={"epochs": epochs})
        total, budget = total_steps(state, batches, config), epochs * batches.per_epoch
        assert total == 1 or state.method.batches_before(total) <= budget
        assert state.method.batches_before(total + 1) > budget


def test_a_step_of_the_warm_up_takes_its_own_batches() -> None:
    state, batches = begin("toy_mlp")
    set_schedule(state.method, n_critic=2, critic_warmup=True)
    asked: list[int] = []
    at = batches.at
    batches.at = lambda index: asked.append(index) or at(index)  # type: ignore[method-assign,func-returns-value]
    state.step = 24
    train_step(state, batches, SHORT)
    train_step(state, batches, SHORT)
    assert asked == list(range(2400, 2502))
