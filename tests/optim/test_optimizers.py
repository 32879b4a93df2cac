"""Optimizers: from the fields of params.yaml to updates by the textbook's rules."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import NonNegativeSchedule, ProbabilitySchedule, validate
from ganpipe.networks.network import Network
from ganpipe.optim.build import build_optimizer, parameter_groups, resolve
from ganpipe.optim.config import (
    OptimizerConfig,
    OptimizerFields,
    OptimizerName,
    PlayerOptimizers,
    foreign_fields,
    unused_defaults,
)
from ganpipe.optim.schedule import rates_at, set_rates

FALLING = NonNegativeSchedule(start=8.0, end=0.0)
RISING = ProbabilitySchedule(start=0.4, end=0.8)
DEFAULT = OptimizerConfig(name="adam", lr=0.1, betas=(0.5, 0.9))


def by_hand(settings: OptimizerConfig, gradients: list[float]) -> float:
    """The weight, from 1, after steps with given gradients, by the optimizer's textbook rule."""
    weight, mean, square, velocity = 1.0, 0.0, 0.0, 0.0
    for count, gradient in enumerate(gradients, start=1):
        if settings.name == "adamw":
            weight -= settings.lr * settings.weight_decay * weight
        else:
            gradient += settings.weight_decay * weight
        match settings.name:
            case "adam" | "adamw":
                first, second = settings.betas
                mean = first * mean + (1 - first) * gradient
                square = second * square + (1 - second) * gradient**2
                root = (square / (1 - second**count)) ** 0.5
                weight -= settings.lr * mean / (1 - first**count) / (root + 1e-8)
            case "rmsprop":
                square = settings.alpha * square + (1 - settings.alpha) * gradient**2
                weight -= settings.lr * gradient / (square**0.5 + 1e-8)
            case "sgd":
                velocity = settings.momentum * velocity + gradient
                weight -= settings.lr * velocity
    return weight


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_optimizers_follow_their_textbook_rules(name: OptimizerName) -> None:
    settings = OptimizerConfig(
        name=name, lr=0.1, betas=(0.5, 0.9), momentum=0.8, alpha=0.7, weight_decay=0.2
    )
    network = nn.Linear(1, 1, bias=False)
    nn.init.ones_(network.weight)
    optimizer = build_optimizer(network, settings)
    gradients = [0.5, -1.0, 2.0]
    for gradient in gradients:
        network.weight.grad = torch.tensor([[gradient]])
        optimizer.step()
    assert network.weight.item() == pytest.approx(by_hand(settings, gradients), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "correction", "rates"),
    [  # the rate and the decays halfway
        ("adam", 1.0, [4.0, 0.5, 0.6]),
        ("adamw", 1.0, [4.0, 0.5, 0.6]),
        ("adam", 0.75, [3.0, 0.5**0.75, 0.6**0.75]),
        ("rmsprop", 1.0, [4.0, 0.9]),
        ("rmsprop", 0.75, [3.0, 0.9**0.75]),
        ("sgd", 1.0, [4.0]),
        ("sgd", 0.75, [4.0]),
    ],
)
def test_schedules_and_corrections_meet(
    name: OptimizerName, correction: float, rates: list[float]
) -> None:
    settings = OptimizerConfig(
        name=name,
        lr=FALLING,
        betas=(0.5, 0.999),
        beta2=RISING,
        alpha=0.9,
    )
    optimizer = build_optimizer(nn.Linear(1, 1), settings)
    (group,) = optimizer.param_groups
    first = rates_at(settings, 0)
    assert {key: group[key] for key in first} == first
    assert group["lr"] == 8
    set_rates(optimizer, settings, 0.5, correction)
    lr, *decays = (group[key] for key in first)
    assert [lr, *(decays[0] if name.startswith("adam") else decays)] == pytest.approx(rates)


def test_what_is_not_scheduled_keeps_its_bits() -> None:
    settings = OptimizerConfig(name="adam", lr=0.0002, betas=(0.5, 0.999))
    for progress in (0.0, 0.3, 1.0):
        assert rates_at(settings, progress) == {"lr": 0.0002, "betas": (0.5, 0.999)}


class TwoSpeeds(Network):
    """One layer learns at half the rate of the other."""

    def __init__(self) -> None:
        super().__init__((1, 1, 2))
        self.slow, self.plain = nn.Linear(2, 2), nn.Linear(2, 1)

    def parameter_groups(self) -> list[dict[str, object]]:
        return [
            {"params": list(self.slow.parameters()), "lr_scale": 0.5},
            {"params": list(self.plain.parameters())},
        ]


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_a_scaled_group_reaches_the_optimizer_and_follows_the_falling_rate(
    name: OptimizerName,
) -> None:
    network = TwoSpeeds()
    settings = OptimizerConfig(name=name, lr=FALLING, betas=(0.5, 0.9))
    optimizer = build_optimizer(network, settings)
    slow, plain = optimizer.param_groups
    assert [id(weight) for weight in slow["params"]] == [*map(id, network.slow.parameters())]
    assert [id(weight) for weight in plain["params"]] == [*map(id, network.plain.parameters())]
    assert (slow["lr"], plain["lr"]) == (4.0, 8.0)
    for progress, rate in ((0.0, 8.0), (0.25, 6.0), (0.75, 2.0)):
        set_rates(optimizer, settings, progress)
        assert (slow["lr"], plain["lr"]) == (rate / 2, rate)


def test_a_scaled_group_moves_by_its_own_rate() -> None:
    network = TwoSpeeds()
    before = [weight.detach().clone() for weight in network.parameters()]
    optimizer = build_optimizer(network, OptimizerConfig(name="sgd", lr=8.0, betas=(0.5, 0.9)))
    for weight in network.parameters():
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    moved = [b - a for a, b in zip(network.parameters(), before, strict=True)]
    for change, rate in zip(moved, (4.0, 4.0, 8.0, 8.0), strict=True):
        torch.testing.assert_close(change.detach(), torch.full_like(change, rate))


def test_a_player_of_several_networks_has_the_groups_of_all() -> None:
    networks = {"one": TwoSpeeds(), "other": nn.Linear(3, 3)}
    groups = parameter_groups(nn.ModuleDict(networks))
    assert [group.get("lr_scale") for group in groups] == [0.5, None, None]
    weights = [id(weight) for group in groups for weight in group["params"]]
    assert weights == [id(weight) for each in networks.values() for weight in each.parameters()]


def test_the_players_own_field_goes_before_the_models_and_that_before_the_default() -> None:
    model = PlayerOptimizers(
        lr=0.2,
        weight_decay=0.5,
        generator=OptimizerFields(lr=0.3, betas=(0.0, 0.9)),
        discriminator=OptimizerFields(weight_decay=0.0),
    )
    assert resolve(DEFAULT, PlayerOptimizers(), "generator") == OptimizerConfig(
        name="adam", lr=0.1, betas=(0.5, 0.9)
    )
    assert resolve(DEFAULT, model, "generator") == OptimizerConfig(
        name="adam", lr=0.3, betas=(0.0, 0.9), weight_decay=0.5
    )
    assert resolve(DEFAULT, model, "discriminator") == OptimizerConfig(
        name="adam", lr=0.2, betas=(0.5, 0.9), weight_decay=0.0
    )
    assert resolve(
        DEFAULT, model, "encoder"
    ) == OptimizerConfig(  # a player without a block of its own
        name="adam", lr=0.2, betas=(0.5, 0.9), weight_decay=0.5
    )


def test_a_player_may_have_a_schedule_of_its_own() -> None:
    default = DEFAULT.model_copy(update={"lr": FALLING})
    model = PlayerOptimizers(beta2=RISING, generator=OptimizerFields(lr=0.3))
    assert resolve(default, model, "generator").lr == 0.3
    assert resolve(default, model, "discriminator").lr == FALLING
    assert resolve(default, model, "generator").beta2 == RISING


def test_betas_hide_a_schedule_of_the_second_that_is_further_away() -> None:
    scheduled = DEFAULT.model_copy(update={"beta2": RISING})
    own = PlayerOptimizers(beta2=RISING, discriminator=OptimizerFields(betas=(0.0, 0.5)))
    for default in (DEFAULT, scheduled):
        found = resolve(default, own, "discriminator")
        assert [rates_at(found, share)["betas"] for share in (0.0, 1.0)] == [(0.0, 0.5)] * 2
        assert resolve(default, own, "generator").beta2 == RISING
    of_the_model = PlayerOptimizers(betas=(0.0, 0.5))
    assert resolve(scheduled, of_the_model, "generator").beta2 is None
    both = PlayerOptimizers(betas=(0.0, 0.9), beta2=RISING)  # beside each other beta2 goes first
    assert rates_at(resolve(DEFAULT, both, "generator"), 1.0)["betas"] == (0.0, 0.8)
    again = PlayerOptimizers(betas=(0.0, 0.9), generator=OptimizerFields(beta2=RISING))
    assert resolve(scheduled, again, "generator").beta2 == RISING


def test_the_default_must_set_what_every_optimizer_needs() -> None:
    with pytest.raises(GanpipeError) as caught:
        validate(OptimizerConfig, {"lr": 0.1}, "the file")
    assert "name: is missing" in str(caught.value)
    assert "betas: is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (PlayerOptimizers(), []),
        (PlayerOptimizers(lr=0.2, betas=(0.0, 0.9)), []),
        (PlayerOptimizers(momentum=0.5), ["adam has no momentum; leave it out"]),
        (PlayerOptimizers(beta2=RISING), []),
        (PlayerOptimizers(name="sgd", beta2=RISING), ["sgd has no beta2; leave it out"]),
        (  # given for one player, whose optimizer the model replaces
            PlayerOptimizers(name="rmsprop", generator=OptimizerFields(beta2=RISING)),
            ["rmsprop has no beta2; leave it out"],
        ),
        (PlayerOptimizers(name="sgd", momentum=0.5), []),
        (
            PlayerOptimizers(name="sgd", alpha=0.5, betas=(0.5, 0.9)),
            ["sgd has no alpha; leave it out", "sgd has no betas; leave it out"],
        ),
        (
            PlayerOptimizers(
                name="rmsprop", generator=OptimizerFields(name="sgd", momentum=0.5, alpha=0.5)
            ),
            ["sgd has no alpha; leave it out"],
        ),
        (  # given for all players, and one of them has another optimizer
            PlayerOptimizers(name="sgd", momentum=0.5, discriminator=OptimizerFields(name="adamw")),
            ["adamw of the discriminator has no momentum; move it to the block of the generator"],
        ),
        (
            PlayerOptimizers(betas=(0.0, 0.9), generator=OptimizerFields(name="sgd")),
            ["sgd of the generator has no betas; move it to the block of the discriminator"],
        ),
        (
            PlayerOptimizers(generator=OptimizerFields(name="sgd", betas=(0.0, 0.9))),
            ["sgd has no betas; leave it out"],
        ),
    ],
)
def test_fields_of_another_optimizer_are_named(model: PlayerOptimizers, says: list[str]) -> None:
    assert foreign_fields(DEFAULT, model) == says


def test_fields_are_not_moved_to_a_player_that_is_not_there() -> None:
    model = PlayerOptimizers(betas=(0.0, 0.9), generator=OptimizerFields(name="sgd"))
    assert foreign_fields(DEFAULT, model, ["generator"]) == ["sgd has no betas; leave it out"]


def test_a_shared_field_is_refused_where_no_optimizer_has_it() -> None:
    default = DEFAULT.model_copy(update={"momentum": 0.9})
    says = "adam has no momentum, nor has the optimizer of any model; leave it out"
    assert unused_defaults(default, {"adam", "rmsprop"}) == [says]
    assert unused_defaults(default, {"adam", "sgd"}) == []
    assert unused_defaults(DEFAULT, {"adam"}) == []
    sgd = DEFAULT.model_copy(update={"name": "sgd"})  # betas must be given all the same
    assert unused_defaults(sgd, {"sgd"}) == []
