"""What one training step composes: turns, the freezing of players, constraints and optimizers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from helpers.games import CPU, SHORT, begin, changed, rng, set_schedule
from helpers.support import NOISE_MODELS, pixels, spec_of
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganpipe.data.loading.batches import Batches
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.optim.config import OptimizerConfig
from ganpipe.sampling.sampler import Sampler
from ganpipe.training.loop import total_steps, train_step
from ganpipe.training.state import State, start


class Trio(Method):
    """Three players, each one matrix under spectral norm, in turns that a test plans.

    Each turn notes its context; its loss is the mean output of ``first``, ``second`` and ``third``
    for the same input.
    """

    logged = ("first", "second", "third")

    def __init__(self, *plan: Turn) -> None:
        super().__init__()
        torch.manual_seed(0)
        players = {name: spectral_norm(nn.Linear(4, 3)) for name in self.logged}
        self.players = nn.ModuleDict(players)
        self.plan = [replace(turn, loss=self.noted(turn)) for turn in plan]
        self.played: list[tuple[str, Context]] = []
        self.open: list[set[str]] = []  # players that were not frozen in each of the turns

    def noted(self, turn: Turn) -> Any:
        def loss(context: Context) -> Loss:
            self.played.append((turn.player, context))
            self.open.append(
                {n for n, p in self.players.items() if all(w.requires_grad for w in p.parameters())}
            )
            total = torch.stack([each(torch.ones(2, 4)).mean() for each in self.players.values()])
            return Loss(total.sum(), {turn.player: total.sum().detach()})

        return loss

    def turns(self, step: int) -> Sequence[Turn]:
        return self.plan

    def batches_before(self, step: int) -> int:
        return sum(-(-step // turn.every) for turn in self.plan if turn.new_batch)

    def samplers(self) -> dict[str, Sampler]:
        return {}


def turn(player: str, **fields: Any) -> Turn:
    """A turn whose loss is the trio's own."""
    return Turn(player=player, loss=lambda _: Loss(torch.zeros(()), {}), purpose=player, **fields)


def trio(*plan: Turn) -> tuple[State, Trio]:
    method = Trio(*plan)
    settings = dict.fromkeys(method.players, OptimizerConfig(name="sgd", lr=0.1, betas=(0.5, 0.9)))
    return start(method, settings, CPU), method


def batches() -> Batches:
    return Batches(pixels(spec_of()), None, batch_size=SHORT.batch_size, seed=0, device=CPU)


def content_of(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def moved(network: nn.Module, before: dict[str, Tensor]) -> set[str]:
    after = network.state_dict()
    return {name for name, value in after.items() if not torch.equal(value, before[name])}


@pytest.mark.parametrize("name", NOISE_MODELS)
def test_only_the_player_whose_turn_it_is_moves(name: str) -> None:
    state, loader = begin(name)
    method = state.method
    before: dict[str, Tensor] = {}
    played: list[str] = []

    def watched(each: Turn) -> Turn:
        def loss(context: Context) -> Loss:
            before.update(content_of(method))
            return each.loss(context)

        def after(context: Context, loss: Loss) -> None:
            if each.after is not None:
                each.after(context, loss)
            played.append(each.player)
            weights = {name for name, _ in method.named_parameters()}
            found = moved(method, before)
            own = {key for key in found if key.startswith(f"players.{each.player}.")}
            assert own & weights
            assert not (found - own) & weights
            recorded = tuple(f"players.{player}." for player in each.records)
            of_players = {key for key in found - own if key.startswith("players.")}
            assert all(key.startswith(recorded) for key in of_players)  # their buffers

        return replace(each, loss=loss, after=after)

    turns = method.turns
    method.turns = lambda step: [watched(each) for each in turns(step)]  # type: ignore[method-assign]
    for _ in range(2):
        train_step(state, loader, SHORT)
    assert set(played) == set(method.players)
    assert all(weight.requires_grad for weight in method.parameters())


def test_players_other_than_the_turns_and_the_recorded_are_frozen() -> None:
    state, method = trio(
        turn("first", new_batch=True, records=("second",)), turn("second"), turn("third")
    )
    start_of = {name: content_of(player) for name, player in method.players.items()}
    own = {"first": {"first", "second"}, "second": {"second"}, "third": {"third"}}
    plan = method.plan
    for each in plan:
        method.plan = [replace(each, new_batch=True)]
        with torch.no_grad():  # away from where the power iterations have arrived
            for weight in method.parameters():
                weight += torch.rand_like(weight)
        before = {name: content_of(player) for name, player in method.players.items()}
        train_step(state, batches(), SHORT)
        for name, player in method.players.items():
            found = moved(player, before[name])
            vectors = {key for key in before[name] if key.endswith(("._u", "._v"))}
            assert (found & vectors == vectors) is (name in own[each.player]), (each.player, name)
            assert bool(found - vectors) is (name == each.player)
        assert method.open[-1] == own[each.player]
    assert all(moved(player, start_of[name]) for name, player in method.players.items())
    assert all(weight.requires_grad for weight in method.parameters())
    assert all(module.training for module in method.modules())


def test_a_lazy_turn_is_played_at_multiples_only() -> None:
    state, method = trio(turn("first", new_batch=True), turn("second", every=3))
    logged = [train_step(state, batches(), SHORT) for _ in range(7)]
    assert [context.step for player, context in method.played if player == "second"] == [0, 3, 6]
    assert [context.step for player, context in method.played if player == "first"] == [*range(7)]
    assert ["second" in parts for parts in logged] == [step % 3 == 0 for step in range(7)]


def test_turns_that_take_a_new_batch_take_consecutive_ones() -> None:
    """A lazy one takes none where it is not played."""
    state, method = trio(
        turn("first", new_batch=True), turn("second", new_batch=True, every=2), turn("third")
    )
    loader = batches()
    for _ in range(3):
        train_step(state, loader, SHORT)
    updates = [(player, context.update) for player, context in method.played]
    assert updates == [
        *[("first", 0), ("second", 1), ("third", 1)],
        *[("first", 2), ("third", 2)],
        *[("first", 3), ("second", 4), ("third", 4)],
    ]
    for _, context in method.played:
        assert torch.equal(context.batch.real, loader.at(context.update).real)
    for (_, one), (_, other) in zip(method.played, method.played[1:], strict=False):
        assert (one.shared is other.shared) is (one.step == other.step)


def test_streams_are_numbered_by_the_batch_or_by_the_step() -> None:
    state, method = trio(
        turn("first", new_batch=True), turn("first", new_batch=True), turn("third")
    )
    drawn: dict[str, list[float]] = {"first": [], "third": []}
    for _ in range(2):
        train_step(state, batches(), SHORT)
    for player, context in method.played:
        drawn[player].append(float(torch.rand((), generator=context.rng)))
        again = context.stream(player)
        assert drawn[player][-1] == float(torch.rand((), generator=again))
    assert len(set(drawn["first"])) == 4
    assert len(set(drawn["third"])) == 2
    other, fewer = trio(turn("first", new_batch=True), turn("third"))
    for _ in range(2):
        train_step(other, batches(), SHORT)
    thirds = [context for player, context in fewer.played if player == "third"]
    assert [float(torch.rand((), generator=each.stream("third"))) for each in thirds] == drawn[
        "third"
    ]


@pytest.mark.parametrize(
    "plan",
    [
        (turn("first"), turn("second", new_batch=True)),
        (turn("first", new_batch=True, every=2), turn("second")),
    ],
)
def test_a_first_turn_without_a_new_batch_is_refused(plan: tuple[Turn, ...]) -> None:
    state, _ = trio(*plan)
    state.step = 1
    with pytest.raises(ValueError, match="the first turn of a step must take a new batch"):
        train_step(state, batches(), SHORT)


def test_a_clipped_critic_leaves_every_step_within_its_bound() -> None:
    state, loader = begin("wgan")
    critic = state.method.players["discriminator"]
    assert max(weight.abs().max() for weight in critic.parameters()) > 0.02
    train_step(state, loader, SHORT)
    assert max(weight.abs().max() for weight in critic.parameters()) <= 0.01


def test_instance_noise_fades_with_the_steps() -> None:
    deviations = []
    for share in (0.0, 0.5):
        state, loader = begin(changed("toy_mlp", instance_noise=0.4))
        state.step = int(share * total_steps(state, loader, SHORT))
        shown: list[Tensor] = []
        discriminator = state.method.players["discriminator"]
        discriminator.register_forward_pre_hook(lambda _, x, shown=shown: shown.append(x[0]))
        real = loader.at(state.step).real
        train_step(state, loader, SHORT)
        deviations.append((shown[0][: len(real)] - real).std().item())
    assert deviations == pytest.approx([0.4, 0.2], rel=0.03)


def test_the_log_is_the_mean_over_the_discriminators_updates() -> None:
    """Of a lazy penalty it is the mean over those that have it."""
    state, loader = begin(changed("toy_mlp", penalties={"r1": 1.0}, penalty_every=2))
    method: Any = state.method
    set_schedule(method, n_critic=2)
    played: list[dict[str, Tensor]] = []
    d_loss = method.d_loss

    def recorded(context: Context) -> Loss:
        loss: Loss = d_loss(context)
        played.append(loss.parts)
        return loss

    method.d_loss = recorded
    logged = train_step(state, loader, SHORT)
    first, second = played
    penalty = first.pop("penalty")
    assert penalty > 0
    assert logged["penalty"] == penalty
    for name, value in first.items():
        assert logged[name].item() == pytest.approx((value + second[name]).item() / 2)
    assert second.keys() == first.keys()


@pytest.mark.parametrize("name", ["dcgan_sn", "dcgan", "minibatch_discrimination"])
def test_the_generators_update_leaves_the_discriminator_as_it_was(name: str) -> None:
    """The estimates of spectral norm too, which move in a discriminator's forward pass."""
    state, loader = begin(name)
    method: Any = state.method
    before: dict[str, Tensor] = {}
    method._after_discriminator = lambda *_: before.update(content_of(method.discriminator))
    train_step(state, loader, SHORT)
    assert before
    found = moved(method.discriminator, before)
    assert all("running" in key or "num_batches" in key for key in found)


def test_each_player_has_its_own_optimizer() -> None:
    sides = {"generator": {"lr": 0.0005}, "discriminator": {"name": "sgd", "lr": 0.02}}
    state, loader = begin(changed("toy_mlp", optimizer=sides))
    found = {
        side: (type(optimizer).__name__, optimizer.param_groups[0]["lr"])
        for side, optimizer in state.optimizers.items()
    }
    assert found == {"generator": ("Adam", 0.0005), "discriminator": ("SGD", 0.02)}
    train_step(state, loader, SHORT)
    for player, network in state.method.players.items():
        (group,) = state.optimizers[player].param_groups
        own = list(network.parameters())
        assert all(a is b for a, b in zip(group["params"], own, strict=True))


def test_dropout_draws_from_the_seed_and_the_step_alone() -> None:
    results = []
    for disturbance in (1, 2):
        state, loader = begin("mlp_dropout")
        torch.manual_seed(disturbance)
        train_step(state, loader, SHORT)
        torch.rand(disturbance, generator=rng())
        train_step(state, loader, SHORT)
        results.append(content_of(state.method))
    assert all(torch.equal(value, results[1][name]) for name, value in results[0].items())
