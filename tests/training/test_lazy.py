"""Adam's correction for turns that are not played in every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from helpers.games import CPU, SHORT, begin, changed, set_schedule
from helpers.support import SHIPPED
from protocol.harness import CONFIG, RandomBatches
from torch import Tensor, nn

from ganpipe.core.schema import NonNegativeSchedule, ProbabilitySchedule
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.objectives.gradients import Critic
from ganpipe.optim.config import OptimizerConfig
from ganpipe.sampling.sampler import Sampler
from ganpipe.training.loop import correction_of, total_steps, train_step
from ganpipe.training.state import start

EVERY = 4
SLOPES = {"main": 0.5, "lazy": -2.0}  # of each loss in the only weight


class Slopes(Method):
    """One weight whose losses are linear in it: one in every step, one in every fourth."""

    logged = ()

    def __init__(self) -> None:
        super().__init__()
        self.players = nn.ModuleDict({"one": nn.Linear(1, 1, bias=False)})
        nn.init.ones_(self.weight)

    @property
    def weight(self) -> nn.Parameter:
        weight: nn.Parameter = self.players["one"].weight
        return weight

    def turns(self, step: int) -> Sequence[Turn]:
        def loss(name: str) -> Turn:
            return Turn(
                player="one",
                loss=lambda context: self.loss(name),
                purpose=name,
                new_batch=name == "main",
                every=EVERY if name == "lazy" else 1,
                extra=name == "lazy",
            )

        return [loss("main"), loss("lazy")]

    def loss(self, name: str) -> Loss:
        return Loss((SLOPES[name] * self.weight).sum(), {})

    def batches_before(self, step: int) -> int:
        return step

    def samplers(self) -> dict[str, Sampler]:
        return {}


def adam(gradients: list[tuple[int, float]], total: int) -> list[float]:
    """The weight, from 1, after each step's gradients, by Adam with lr c and betas ** c, where lr
    falls linearly from 0.1 to 0 and beta2 rises from 0.9 to 0.99; each gradient has its step."""
    share = EVERY / (EVERY + 1)
    weight, mean, square, weights = 1.0, 0.0, 0.0, []
    for count, (step, gradient) in enumerate(gradients, start=1):
        lr = 0.1 * (1 - step / total) * share
        first, second = 0.5**share, (0.9 + 0.09 * step / total) ** share
        mean = first * mean + (1 - first) * gradient
        square = second * square + (1 - second) * gradient**2
        root = (square / (1 - second**count)) ** 0.5
        weight -= lr * mean / (1 - first**count) / (root + 1e-8)
        weights.append(weight)
    return weights


def test_adam_is_corrected_for_a_lazy_turn_and_follows_its_schedules() -> None:
    method = Slopes()
    settings = OptimizerConfig(
        name="adam",
        lr=NonNegativeSchedule(start=0.1, end=0.0),
        betas=(0.5, 0.999),
        beta2=ProbabilitySchedule(start=0.9, end=0.99),
    )
    state = start(method, {"one": settings}, CPU)
    total = total_steps(state, RandomBatches(), CONFIG)
    found: list[float] = []
    gradients: list[tuple[int, float]] = []
    for step in range(9):
        train_step(state, RandomBatches(), CONFIG)
        found.append(method.weight.item())
        played = ["main", "lazy"] if step % EVERY == 0 else ["main"]
        gradients += [(step, SLOPES[name]) for name in played]
    after = {
        step: weight for (step, _), weight in zip(gradients, adam(gradients, total), strict=True)
    }
    assert found == pytest.approx([after[step] for step in range(9)], rel=1e-5)


def test_a_penalty_with_turns_of_its_own_corrects_the_discriminator_alone() -> None:
    """By the numbers that the authors' program of StyleGAN2-ADA has for a penalty in every 16th
    step."""
    rates = {"lr": 0.0025, "betas": [0.0, 0.99]}
    lazily = {"penalties": {"r1": 1.0}, "penalty_turn": "own", "penalty_every": 16}
    state, batches = begin(changed("toy_mlp", rates, **lazily))
    train_step(state, batches, SHORT)
    groups = {player: each.param_groups[0] for player, each in state.optimizers.items()}
    assert groups["discriminator"]["lr"] == pytest.approx(0.00235294, rel=1e-5)
    assert groups["discriminator"]["betas"] == pytest.approx((0, 0.990585), rel=1e-6)
    assert (groups["generator"]["lr"], groups["generator"]["betas"]) == (0.0025, (0.0, 0.99))


def test_an_extra_turn_in_every_step_halves_the_rate_of_its_player() -> None:
    """The distance that Adam moves the weights in a step is that of one update without it."""
    every_step: dict[str, Any] = {
        "penalties": {"r1": 1.0},
        "penalty_turn": "own",
        "penalty_every": 1,
        "path_length": 1.0,
        "path_length_every": 1,
    }
    rates = {side: {"lr": 0.02} for side in ("generator", "discriminator")}
    optimizer = {"betas": [0.25, 0.81], **rates}
    state, batches = begin(changed("stylegan2", optimizer, **every_step))
    train_step(state, batches, SHORT)
    for each in state.optimizers.values():
        group = each.param_groups[-1]
        scale = group.get("lr_scale", 1.0)
        assert group["lr"] == pytest.approx(0.01 * scale)
        assert group["betas"] == pytest.approx((0.5, 0.9))


@pytest.mark.parametrize("name", SHIPPED.models)
def test_every_shipped_player_has_a_turn_that_is_not_extra(name: str) -> None:
    """And those that are not played in every step are additions to it."""
    method = begin(name)[0].method
    turns = method.turns(step=0)
    for player in method.players:
        assert any(turn.every == 1 and not turn.extra for turn in turns if turn.player == player)
    assert all(turn.extra for turn in turns if turn.every > 1)


def test_lazy_penalties_count_the_discriminators_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def noted(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        taken.append(state.step)
        return real.new_zeros(())

    monkeypatch.setattr("ganpipe.objectives.penalties.r1.penalty", noted)
    state, loader = begin(changed("toy_mlp", penalties={"r1": 1.0}, penalty_every=3))
    set_schedule(state.method, n_critic=2)
    for _ in range(4):
        train_step(state, loader, SHORT)
    assert taken == [0, 1, 3]  # updates 0, 3 and 6 of 8


def turn(player: str, every: int = 1, *, extra: bool = False) -> Turn:
    def loss(_: Context) -> Loss:
        return Loss(torch.zeros(()), {})

    return Turn(player=player, loss=loss, purpose=player, every=every, extra=extra)


@pytest.mark.parametrize(
    ("main", "extra", "correction"),
    [
        ([1], [], 1),
        ([1, 1, 1], [], 1),
        ([1], [16], 16 / 17),  # D of StyleGAN2-ADA
        ([1], [4], 4 / 5),  # and its G
        ([1], [1], 1 / 2),
        ([1], [2, 4], 4 / 7),  # in four steps 4 updates of the first, 2 and 1 of the others
        ([1, 1, 1, 1, 1], [2], 10 / 11),
        ([1, 1, 1, 1, 1], [1], 5 / 6),
        ([2], [4], 2 / 3),
        ([8], [], 1),
        ([], [8], 1),
        ([], [], 1),
    ],
)
def test_the_correction_is_the_share_of_updates_that_are_not_extra(
    main: list[int], extra: list[int], correction: float
) -> None:
    turns = [turn("one", each) for each in main] + [turn("one", each, extra=True) for each in extra]
    turns += [turn("other"), turn("other", 3, extra=True)]
    assert correction_of("one", turns) == pytest.approx(correction)
    assert correction_of("other", turns) == 3 / 4
