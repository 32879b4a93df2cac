"""What changes in the course of a run: discriminator updates, learning rates, epochs."""

from __future__ import annotations

import pytest
import torch
from helpers.support import SHIPPED, pixels, small_model, spec_of

from ganpipe.data.loading.batches import Batches
from ganpipe.methods.build import build_method
from ganpipe.optim.build import build_optimizer
from ganpipe.optim.config import OptimizerConfig
from ganpipe.training.loop import total_steps, train_step
from ganpipe.training.state import State, start
from ganpipe.training.trainer import finished_epoch

CPU = torch.device("cpu")
CONFIG = SHIPPED.train.model_copy(update={"batch_size": 8, "epochs": 2, "precision": "fp32"})


def begin(name: str, **fields: object) -> tuple[State, Batches]:
    model, spec = small_model(name), spec_of()
    default = SHIPPED.optimizer.model_copy(update=fields)
    optimizers = model.optimizer.both(default)
    batches = Batches(pixels(spec), None, CONFIG.batch_size, 0, CPU)
    return start(build_method(model, spec, 0), optimizers, CPU), batches


def test_the_warm_up_is_that_of_the_authors_program() -> None:
    method = begin("toy_mlp")[0].method
    method.n_critic, method.critic_warmup = 5, True
    updates = 0
    for step in range(2100):
        assert method.updates_before(step) == updates
        updates += 100 if step < 25 or step % 500 == 0 else 5


def test_the_budget_holds_with_a_warm_up() -> None:
    state, batches = begin("toy_mlp")
    state.method.n_critic, state.method.critic_warmup = 5, True
    for epochs in (1, 50, 416, 417, 418, 1000):
        config = CONFIG.model_copy(update={"epochs": epochs})
        total, budget = total_steps(state, batches, config), epochs * batches.per_epoch
        assert total == 1 or state.method.updates_before(total) <= budget
        assert state.method.updates_before(total + 1) > budget


def test_a_step_of_the_warm_up_takes_its_own_batches() -> None:
    state, batches = begin("toy_mlp")
    state.method.n_critic, state.method.critic_warmup = 2, True
    asked: list[int] = []
    at = batches.at
    batches.at = lambda index: asked.append(index) or at(index)  # type: ignore[method-assign,func-returns-value]
    state.step = 24
    train_step(state, batches, CONFIG)
    train_step(state, batches, CONFIG)
    assert asked == list(range(2400, 2502))


def test_an_epoch_is_told_once_however_many_updates_a_step_takes() -> None:
    assert [finished_epoch(before, before + 100, 30) for before in (0, 100, 200)] == [3, 6, 10]
    assert [finished_epoch(before, before + 5, 30) for before in (20, 25, 30)] == [0, 1, 0]


@pytest.mark.parametrize(("start_at", "rates"), [(0.0, [8, 6, 4, 2]), (0.5, [8, 8, 8, 4])])
def test_the_rate_falls_linearly_to_nothing(start_at: float, rates: list[int]) -> None:
    config = OptimizerConfig(name="adam", lr=8.0, betas=(0.5, 0.9), lr_decay_from=start_at)
    assert [config.lr_at(progress) for progress in (0.0, 0.25, 0.5, 0.75)] == rates
    assert config.lr_at(1.0) == 0


def test_both_optimizers_follow_the_falling_rate() -> None:
    state, batches = begin("toy_mlp", lr=0.012, lr_decay_from=0.0)
    total = total_steps(state, batches, CONFIG)
    for step in range(3):
        train_step(state, batches, CONFIG)
        for optimizer in state.optimizers.values():
            rate = optimizer.param_groups[0]["lr"]
            assert rate == pytest.approx(0.012 * (1 - step / total))


def by_hand(config: OptimizerConfig, slopes: list[float]) -> float:
    """The weight, from 1, after steps with given slopes, by the optimizer's textbook rule."""
    weight, mean, square, velocity = 1.0, 0.0, 0.0, 0.0
    for count, slope in enumerate(slopes, start=1):
        if config.name == "adamw":
            weight -= config.lr * config.weight_decay * weight
        else:
            slope += config.weight_decay * weight
        match config.name:
            case "adam" | "adamw":
                first, second = config.betas
                mean = first * mean + (1 - first) * slope
                square = second * square + (1 - second) * slope**2
                root = (square / (1 - second**count)) ** 0.5
                weight -= config.lr * mean / (1 - first**count) / (root + 1e-8)
            case "rmsprop":
                square = config.alpha * square + (1 - config.alpha) * slope**2
                weight -= config.lr * slope / (square**0.5 + 1e-8)
            case "sgd":
                velocity = config.momentum * velocity + slope
                weight -= config.lr * velocity
    return weight


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_optimizers_follow_their_textbook_rules(name: str) -> None:
    config = OptimizerConfig(
        name=name,  # type: ignore[arg-type]
        lr=0.1,
        betas=(0.5, 0.9),
        momentum=0.8,
        alpha=0.7,
        weight_decay=0.2,
    )
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(network.weight)
    optimizer = build_optimizer(network, config)
    slopes = [0.5, -1.0, 2.0]
    for slope in slopes:
        network.weight.grad = torch.tensor([[slope]])
        optimizer.step()
    assert network.weight.item() == pytest.approx(by_hand(config, slopes), rel=1e-5)
