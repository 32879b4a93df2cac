"""What one training step composes: schedules, constraints and each side's own optimizer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers.support import SHIPPED, pixels, small_model, spec_of
from torch import Tensor

from ganpipe.core.schema import validate
from ganpipe.data.loading.batches import Batches
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.objectives.penalties import PENALTIES
from ganpipe.training.loop import total_steps, train_step
from ganpipe.training.state import State, start

CPU = torch.device("cpu")
CONFIG = SHIPPED.train.model_copy(update={"batch_size": 8, "epochs": 2, "precision": "fp32"})


def begin(name: str, optimizer: dict[str, Any] | None = None, **objective: Any) -> State:
    content = small_model(name).model_dump(mode="json")
    content["objective"] |= objective
    content["optimizer"] |= optimizer or {}
    model = validate(ModelConfig, content, name)
    optimizers = model.optimizer.both(SHIPPED.optimizer)
    return start(build_method(model, spec_of(), 0), optimizers, CPU)


def batches() -> Batches:
    return Batches(pixels(spec_of()), None, CONFIG.batch_size, 0, CPU)


def test_a_clipped_critic_leaves_every_step_within_its_bound() -> None:
    state = begin("wgan")
    assert max(weight.abs().max() for weight in state.method.d_nets.parameters()) > 0.02
    train_step(state, batches(), CONFIG)
    assert max(weight.abs().max() for weight in state.method.d_nets.parameters()) <= 0.01


def test_instance_noise_fades_with_the_steps() -> None:
    deviations = []
    for share in (0.0, 0.5):
        state = begin("toy_mlp", instance_noise=0.4)
        state.step = int(share * total_steps(state, batches(), CONFIG))
        shown: list[Tensor] = []
        discriminator = state.method.d_nets["discriminator"]
        discriminator.register_forward_pre_hook(lambda _, x, shown=shown: shown.append(x[0]))
        real = batches().at(state.step).real
        train_step(state, batches(), CONFIG)
        deviations.append((shown[0][: len(real)] - real).std().item())
    assert deviations == pytest.approx([0.4, 0.2], rel=0.03)


def test_lazy_penalties_count_the_discriminators_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    state = begin("toy_mlp", n_critic=2, penalties={"r1": 1.0}, penalty_every=3)
    taken: list[int] = []
    r1 = PENALTIES["r1"]
    monkeypatch.setitem(
        PENALTIES,
        "r1",
        lambda critic, real, fake, rng: taken.append(state.step) or r1(critic, real, fake, rng),
    )
    for _ in range(4):
        train_step(state, batches(), CONFIG)
    assert taken == [0, 1, 3]  # updates 0, 3 and 6 of 8


def test_the_log_is_the_mean_over_the_discriminators_updates() -> None:
    """Also of a penalty that the last of them does not have."""
    state = begin("toy_mlp", n_critic=2, penalties={"r1": 1.0}, penalty_every=2)
    played: list[dict[str, Tensor]] = []
    d_loss = state.method.d_loss

    def recorded(*arguments: Any) -> Any:
        loss = d_loss(*arguments)
        played.append(loss.parts)
        return loss

    state.method.d_loss = recorded  # type: ignore[method-assign]
    logged = train_step(state, batches(), CONFIG)
    first, second = played
    assert first["penalty"] > 0
    assert second["penalty"] == 0
    for name, value in first.items():
        assert logged[name].item() == pytest.approx((value + second[name]).item() / 2)


@pytest.mark.parametrize("name", ["dcgan_sn", "dcgan", "minibatch_discrimination"])
def test_the_generators_update_leaves_the_discriminator_as_it_was(name: str) -> None:
    """The estimates of spectral norm too, which move in a discriminator's forward pass."""
    state = begin(name)
    before: dict[str, Tensor] = {}

    def note() -> None:
        weights = dict(state.method.d_nets.state_dict())
        before.update({key: value.clone() for key, value in weights.items()})

    state.method.after_d_step = note  # type: ignore[method-assign]
    train_step(state, batches(), CONFIG)
    after = state.method.d_nets.state_dict()
    moved = {key for key, value in after.items() if not torch.equal(value, before[key])}
    assert all("running" in key or "num_batches" in key for key in moved)


def test_the_average_ramps_up() -> None:
    """Its half-life is at most a twentieth of the updates, so the first replaces all of it."""
    config = CONFIG.model_copy(update={"ema_decay": 0.999, "ema_ramp": 0.05})
    state = begin("mlp")
    train_step(state, batches(), config)
    for average, weight in zip(
        state.average.parameters(), state.method.generator().parameters(), strict=True
    ):
        assert torch.allclose(average, weight, atol=1e-6)


def test_statistics_of_batch_norm_are_averaged_with_the_weights() -> None:
    config = CONFIG.model_copy(update={"ema_decay": 0.9, "ema_ramp": 0.0})
    state = begin("dcgan")
    name = next(key for key in state.average.state_dict() if key.endswith("running_mean"))
    expected = state.average.state_dict()[name].clone()
    for _ in range(3):
        train_step(state, batches(), config)
        expected = 0.9 * expected + 0.1 * state.method.generator().state_dict()[name]
    assert torch.allclose(state.average.state_dict()[name], expected, atol=1e-6)


def test_each_side_has_its_own_optimizer() -> None:
    sides = {"generator": {"lr": 0.0005}, "discriminator": {"name": "sgd", "lr": 0.02}}
    state = begin("toy_mlp", optimizer=sides)
    found = {
        side: (type(optimizer).__name__, optimizer.param_groups[0]["lr"])
        for side, optimizer in state.optimizers.items()
    }
    assert found == {"generator": ("Adam", 0.0005), "discriminator": ("SGD", 0.02)}
    train_step(state, batches(), CONFIG)
    for side, networks in (("generator", "g_nets"), ("discriminator", "d_nets")):
        (group,) = state.optimizers[side].param_groups  # type: ignore[index]
        own = list(getattr(state.method, networks).parameters())
        assert all(a is b for a, b in zip(group["params"], own, strict=True))
