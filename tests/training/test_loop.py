from __future__ import annotations

import math

import pytest
import torch
from helpers.support import SHIPPED, pixels, small_model, spec_of

from ganpipe.data.loading.batches import Batches
from ganpipe.methods.build import build_method
from ganpipe.optim.ema import decay_at
from ganpipe.training.config import TrainConfig
from ganpipe.training.loop import total_steps, train, train_step
from ganpipe.training.state import State, start
from ganpipe.training.trainer import finished_epoch

CPU = torch.device("cpu")
CONFIG = SHIPPED.train.model_copy(update={"batch_size": 8, "epochs": 2})


def begin(name: str, seed: int = 0, config: TrainConfig = CONFIG) -> tuple[State, Batches]:
    model, spec = small_model(name), spec_of()
    optimizers = model.optimizer.both(SHIPPED.optimizer)
    state = start(build_method(model, spec, seed), optimizers, CPU)
    labels = torch.arange(spec.num_train) % 2
    return state, Batches(pixels(spec), labels, config.batch_size, seed, CPU)


def weights(state: State) -> dict[str, torch.Tensor]:
    own = {f"method.{name}": value for name, value in state.method.state_dict().items()}
    return own | {f"ema.{name}": value for name, value in state.average.state_dict().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.mark.parametrize("name", SHIPPED.models)
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    results = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(results))  # whatever the global stream held before
        state, batches = begin(name, seed)
        for _ in range(3):
            parts = train_step(state, batches, CONFIG)
        assert all(torch.isfinite(value) for value in parts.values())
        results.append(weights(state))
    assert same(results[0], results[1])
    assert not same(results[0], results[2])


def test_bf16_trains_and_keeps_fp32_weights() -> None:
    config = CONFIG.model_copy(update={"precision": "bf16"})
    state, batches = begin("dcgan", config=config)
    exact, _ = begin("dcgan")
    for _ in range(2):
        train_step(state, batches, config)
        train_step(exact, batches, CONFIG)
    assert all(p.dtype == torch.float32 for p in state.method.parameters())
    pairs = zip(state.method.parameters(), exact.method.parameters(), strict=True)
    differences = [(a - b).abs().max().item() for a, b in pairs]
    assert 0 < max(differences) < 0.01


def test_bf16_uses_the_weights_of_the_update_before() -> None:
    """Autocast caches converted weights; a stale cache would repeat the first loss."""
    config = CONFIG.model_copy(update={"precision": "bf16"})
    state, batches = begin("mlp", config=config)
    state.optimizers["discriminator"].param_groups[0]["lr"] = 0.05
    first = batches.at(0)
    batches.at = lambda index: first  # type: ignore[method-assign]
    losses = [float(train_step(state, batches, config)["d_loss"]) for _ in range(3)]
    assert losses[2] < losses[0] - 0.1


def test_the_moving_average_follows_its_recurrence() -> None:
    config = CONFIG.model_copy(update={"ema_decay": 0.9, "ema_ramp": 0.0})
    state, batches = begin("mlp", config=config)
    expected = next(state.average.parameters()).clone()
    for _ in range(4):
        train_step(state, batches, config)
        expected = 0.9 * expected + 0.1 * next(state.method.generator().parameters()).detach()
    assert torch.allclose(next(state.average.parameters()), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["dcgan", "mlp"])
def test_without_average_the_last_weights_are_kept(name: str) -> None:
    config = CONFIG.model_copy(update={"ema_decay": 0.0})
    state, batches = begin(name, config=config)
    train_step(state, batches, config)
    last = state.method.generator().state_dict()
    assert all(torch.equal(value, last[key]) for key, value in state.average.state_dict().items())


def test_the_ramp_bounds_the_half_life_by_the_updates_so_far() -> None:
    assert decay_at(step=100, decay=0.999, ramp=0.05) == pytest.approx(0.5 ** (1 / 5))
    assert decay_at(step=10**6, decay=0.999, ramp=0.05) == pytest.approx(0.999)
    assert decay_at(step=7, decay=0.999, ramp=0.0) == 0.999
    assert decay_at(step=1, decay=0.999, ramp=0.05) < 1e-5


def test_an_epoch_is_a_pass_of_the_discriminator() -> None:
    state, batches = begin("mlp")
    assert total_steps(state, batches, CONFIG) == 2 * 48 // 8
    state.method.n_critic = 5
    assert total_steps(state, batches, CONFIG) == 2 * 48 // 8 // 5
    seen: list[int] = []
    train(state, batches, CONFIG, lambda state, parts: seen.append(state.step))
    assert seen == [1, 2]


def test_each_discriminator_update_has_its_own_batch_and_noise() -> None:
    state, batches = begin("mlp")
    state.method.n_critic = 3
    asked: list[int] = []
    at = batches.at
    batches.at = lambda index: asked.append(index) or at(index)  # type: ignore[method-assign,func-returns-value]
    noise: list[torch.Tensor] = []
    inputs = state.method.inputs

    def recorded(n: int, rng: torch.Generator) -> dict[str, torch.Tensor]:
        drawn = inputs(n, rng)
        noise.append(drawn["z"])
        return drawn

    state.method.inputs = recorded  # type: ignore[method-assign]
    train_step(state, batches, CONFIG)
    train_step(state, batches, CONFIG)
    assert asked == [0, 1, 2, 3, 4, 5]
    assert len({tuple(z.flatten().tolist()) for z in noise}) == 6


@pytest.mark.parametrize(("n_critic", "per_epoch"), [(1, 6), (5, 6), (4, 10), (7, 3)])
def test_finished_epochs(n_critic: int, per_epoch: int) -> None:
    steps = range(1, 41)
    found = {
        s: e for s in steps if (e := finished_epoch((s - 1) * n_critic, s * n_critic, per_epoch))
    }
    for step in steps:
        passed = {math.floor(k * n_critic / per_epoch) for k in (step - 1, step)}
        assert (step in found) == (len(passed) == 2)
        assert found.get(step, 0) in passed | {0}
